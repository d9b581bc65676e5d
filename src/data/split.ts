/** One part of a dataset: its training or its test images. */
export interface Split {
  /** uint8 [n, 28, 28], rows of pixels from 0 (background) to 255 (ink) */
  images: Uint8Array;
  /** uint8 [n], each the number of a class, 0–9 */
  labels: Uint8Array;
}
