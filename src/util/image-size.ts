/** Width and height of every dataset's images, in pixels. */
export const imageSide = 28;
/** Pixels of one image, in rows. */
export const imagePixels = imageSide * imageSide;
