import { imagePixels as pixels, imageSide as side } from "../../util/image-size.js";
import type { Floats } from "./floats.js";

interface PixelNormalization {
  mean: number;
  std: number;
}

/**
 * Fills x [N, 1, 28, 28] with the chosen images, moved where an augmentation says so, normalized.
 * @param images uint8 [n, 28, 28] @param indices [N] @param affine [N × 6] or undefined
 */
export function gatherImages(
  images: Uint8Array,
  indices: Uint32Array,
  affine: Float32Array | undefined,
  { mean, std }: PixelNormalization,
  x: Floats,
): void {
  for (let n = 0; n < indices.length; n++) {
    const image = images.subarray(indices[n] * pixels, (indices[n] + 1) * pixels);
    const matrix = affine?.subarray(n * 6, n * 6 + 6);
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const value = matrix ? sample(image, matrix, column, row) : image[row * side + column];
        x[n * pixels + row * side + column] = (value / 255 - mean) / std;
      }
    }
  }
}

/** Fills x [N, 1, 28, 28] from pixels in [0, 1]. */
export function normalizeImages(images: Float32Array, { mean, std }: PixelNormalization, x: Floats): void {
  for (let k = 0; k < images.length; k++) x[k] = (images[k] - mean) / std;
}

/**
 * The value at output pixel (x, y): the source at (a·x + b·y + c, d·x + e·y + f), interpolated between the four pixels around it,
 * each 0 where it lies outside the image. @returns 0–255
 */
function sample(image: Uint8Array, [a, b, c, d, e, f]: Float32Array, x: number, y: number): number {
  const sourceX = a * x + b * y + c;
  const sourceY = d * x + e * y + f;
  const left = Math.floor(sourceX);
  const top = Math.floor(sourceY);
  const toRight = sourceX - left;
  const toBottom = sourceY - top;
  const at = (column: number, row: number) => (column >= 0 && column < side && row >= 0 && row < side ? image[row * side + column] : 0);
  return (
    (1 - toBottom) * ((1 - toRight) * at(left, top) + toRight * at(left + 1, top)) +
    toBottom * ((1 - toRight) * at(left, top + 1) + toRight * at(left + 1, top + 1))
  );
}
