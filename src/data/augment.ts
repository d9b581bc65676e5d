import type { AugmentConfig } from "../config/types.js";
import { imageSide as width } from "../util/image-size.js";
import { randomKey, randomUniform, streams } from "../util/random.js";

/** The centre of the image in pixel indices: between pixels 13 and 14. */
const centre = 13.5;
/** Random numbers reserved for a sample; more than are used, so that a further augmentation leaves the present ones as they are. */
const numbersPerSample = 8;

/** @returns whether the settings change any image at all */
export function augments(config: AugmentConfig): boolean {
  return config.rotate > 0 || config.shift > 0 || config.scale > 0 || (config.crop !== undefined && config.crop.probability > 0);
}

/**
 * One 2×3 matrix a sample, from output pixel to source pixel (see Chunk.affine in engine/contract/session.ts). Rotation, centre crop and
 * scale are about the image's centre; the shift is in output pixels and comes last: source = centre + R·(crop/28)/scale·(output −
 * centre − shift). A crop of `size` enlarges the middle size×size pixels to the whole image, as torchvision's CenterCrop and Resize do.
 * @param firstStep the chunk's first step, counted from the beginning of the run
 * @returns [steps × batchSize × 6], a pure function of the arguments and the same however the steps are cut into chunks; undefined
 *   where the settings change no image
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
      const uniform = (i: number) => randomUniform(key, sample * numbersPerSample + i);
      const symmetric = (i: number) => 2 * uniform(i) - 1;
      const angle = radians * symmetric(0);
      const crop = config.crop && uniform(1) < config.crop.probability ? config.crop.size / width : 1;
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
