import { imagePixels as pixels, imageSide as side } from "../../util/image-size.js";
import { type Key, randomBits } from "../../util/random.js";

/** Pixels 0–255 as the network takes them: (pixel / 255 − mean) / std, [256]. */
export function normalizedLevels({ mean, std }: { mean: number; std: number }): Float32Array {
  return Float32Array.from({ length: 256 }, (_, pixel) => (pixel / 255 - mean) / std);
}

/** @returns [N × 784] the chosen images, normalized */
export function gather(images: Uint8Array, indices: ArrayLike<number>, levels: Float32Array): Float32Array {
  const x = new Float32Array(indices.length * pixels);
  for (let n = 0; n < indices.length; n++) {
    const from = indices[n] * pixels;
    const to = n * pixels;
    for (let k = 0; k < pixels; k++) x[to + k] = levels[images[from + k]];
  }
  return x;
}

/**
 * As gather, each image moved by its matrix: the value at output pixel (x, y) is the source's at (a·x + b·y + c, d·x + e·y + f),
 * interpolated between the four pixels around it, each 0 where it lies outside.
 * @param affine [N × 6]
 */
export function gatherMoved(
  images: Uint8Array,
  indices: ArrayLike<number>,
  affine: Float32Array,
  { mean, std }: { mean: number; std: number },
): Float32Array {
  const x = new Float32Array(indices.length * pixels);
  for (let n = 0; n < indices.length; n++) {
    const image = indices[n] * pixels;
    const [a, b, c, d, e, f] = affine.subarray(n * 6, n * 6 + 6);
    let to = n * pixels;
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const sourceX = a * column + b * row + c;
        const sourceY = d * column + e * row + f;
        const left = Math.floor(sourceX);
        const top = Math.floor(sourceY);
        let value = 0;
        if (left >= -1 && left < side && top >= -1 && top < side) {
          const right = sourceX - left;
          const below = sourceY - top;
          const corner = image + top * side + left;
          const inLeft = left >= 0;
          const inRight = left + 1 < side;
          if (top >= 0) value += (1 - below) * ((inLeft ? (1 - right) * images[corner] : 0) + (inRight ? right * images[corner + 1] : 0));
          if (top + 1 < side) {
            value += below * ((inLeft ? (1 - right) * images[corner + side] : 0) + (inRight ? right * images[corner + side + 1] : 0));
          }
        }
        x[to++] = (value / 255 - mean) / std;
      }
    }
  }
  return x;
}

/**
 * Which activations dropout keeps: element k, counted in PyTorch's order [N, C, A], stays iff number k of the key is at least the rate.
 * @returns [N × A × C] 1 or 0, in TF.js's order
 */
export function dropoutMask(key: Key, rate: number, batch: number, channels: number, area: number): Uint8Array {
  const mask = new Uint8Array(batch * channels * area);
  // randomUniform(key, k) ≥ rate, without its division.
  const least = rate * 16777216;
  let k = 0;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      let to = n * area * channels + c;
      for (let a = 0; a < area; a++, to += channels) mask[to] = randomBits(key, k++) >>> 8 >= least ? 1 : 0;
    }
  }
  return mask;
}

/** @returns [N × 10] one-hot rows */
export function oneHot(labels: ArrayLike<number>, classes: number): Float32Array {
  const hot = new Float32Array(labels.length * classes);
  for (let n = 0; n < labels.length; n++) hot[n * classes + labels[n]] = 1;
  return hot;
}
