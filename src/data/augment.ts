import type { AugmentConfig } from "../config/types.js";
import { imageSide as height, imageSide as width } from "../util/image-size.js";
import { randomKey, randomUniform, streams } from "../util/random.js";

/** Coordinates are pixel indices, so the centre of the image lies between pixels 13 and 14. */
const centre = 13.5;
/** Random numbers set aside for a sample; more than are used, so that a new augmentation leaves the old ones as they are. */
const draws = 8;

/** @returns whether the settings change any image at all */
export function augments(config: AugmentConfig): boolean {
  return config.rotate > 0 || config.shift > 0 || config.scale > 0 || (config.crop !== undefined && config.crop.probability > 0);
}

/**
 * One 2×3 matrix a sample, from output pixel to source pixel (see Chunk.affine in engine/contract/session.ts). Rotation, centre crop and
 * scale are about the image's centre; the shift is in output pixels and comes last: source = centre + R·(crop/28)/scale·(output −
 * centre − shift). A crop of `size` enlarges the middle size×size pixels to the whole image, as torchvision's CenterCrop and Resize do.
 * @param firstStep number of the chunk's first step since the run began
 * @returns [steps × batchSize × 6], a pure function of the arguments and the same however the steps are cut into chunks; undefined
 *   where nothing is to be augmented
 */
export function augmentMatrices(
  config: AugmentConfig,
  seed: number,
  firstStep: number,
  steps: number,
  batchSize: number,
): Float32Array | undefined {
  if (!augments(config)) return undefined;
  const matrices = new Float32Array(steps * batchSize * 6);
  const radians = (config.rotate * Math.PI) / 180;
  let at = 0;
  for (let step = 0; step < steps; step++) {
    const key = randomKey(seed, streams.augment, firstStep + step);
    for (let sample = 0; sample < batchSize; sample++) {
      const draw = (i: number) => randomUniform(key, sample * draws + i);
      const symmetric = (i: number) => 2 * draw(i) - 1;
      const angle = radians * symmetric(0);
      const crop = config.crop && draw(1) < config.crop.probability ? config.crop.size / width : 1;
      const shiftX = config.shift * symmetric(2);
      const shiftY = config.shift * symmetric(3);
      const factor = crop / (1 + config.scale * symmetric(4));
      const cos = factor * Math.cos(angle);
      const sin = factor * Math.sin(angle);
      const x = centre + shiftX;
      const y = centre + shiftY;
      matrices[at++] = cos;
      matrices[at++] = -sin;
      matrices[at++] = centre - cos * x + sin * y;
      matrices[at++] = sin;
      matrices[at++] = cos;
      matrices[at++] = centre - sin * x - cos * y;
    }
  }
  return matrices;
}

/**
 * The plain form of what every engine does with Chunk.affine: bilinear sampling, pixels outside the image count as 0.
 * @param image [784] pixels
 * @param matrix [6] from output pixel (x, y) to source pixel (a·x + b·y + c, d·x + e·y + f)
 * @returns [784] in 0…255, not rounded
 */
export function applyAffine(image: Uint8Array, matrix: ArrayLike<number>): Float32Array {
  const [a, b, c, d, e, f] = [matrix[0], matrix[1], matrix[2], matrix[3], matrix[4], matrix[5]];
  const pixel = (column: number, row: number) =>
    column >= 0 && column < width && row >= 0 && row < height ? image[row * width + column] : 0;
  const output = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sourceX = a * x + b * y + c;
      const sourceY = d * x + e * y + f;
      const column = Math.floor(sourceX);
      const row = Math.floor(sourceY);
      const right = sourceX - column;
      const down = sourceY - row;
      output[y * width + x] =
        (1 - down) * ((1 - right) * pixel(column, row) + right * pixel(column + 1, row)) +
        down * ((1 - right) * pixel(column, row + 1) + right * pixel(column + 1, row + 1));
    }
  }
  return output;
}
