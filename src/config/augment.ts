import * as z from "#zod";
import { UserError } from "../util/errors.js";
import { imageSide } from "../util/image-size.js";
import { didYouMean } from "../util/nearest.js";

/** The values of each key of `--augment`. */
const ranges = {
  rotate: { maximum: 180, meaning: "degrees from 0 to 180" },
  crop: { maximum: imageSide, meaning: `SIZE@PROBABILITY such as 22@0.1, SIZE a whole number of pixels from 1 to ${imageSide}` },
  shift: { maximum: 14, meaning: "pixels from 0 to 14" },
  scale: { maximum: 0.9, meaning: "a fraction from 0 to 0.9" },
};
type AugmentKey = keyof typeof ranges;
export const augmentKeys = Object.keys(ranges) as AugmentKey[];

/** Ranges of the random affine augmentation; a range of zero changes nothing. */
export const augmentSchema = z.object({
  /** ± degrees */
  rotate: z.number().min(0).max(ranges.rotate.maximum),
  /** The centre of `size` × `size` pixels is enlarged to 28 × 28, with `probability`. */
  crop: z.object({ size: z.int().min(1).max(ranges.crop.maximum), probability: z.number().min(0).max(1) }).optional(),
  /** ± pixels in x and in y */
  shift: z.number().min(0).max(ranges.shift.maximum),
  /** ± fraction: 0.1 is 0.9–1.1 */
  scale: z.number().min(0).max(ranges.scale.maximum),
});
export type AugmentConfig = z.infer<typeof augmentSchema>;

export const noAugment: AugmentConfig = { rotate: 0, shift: 0, scale: 0 };

/**
 * Parses "rotate=15,crop=22@0.1,shift=2,scale=0.1" ("+" separates as well as ","), or "none". A crop without a probability always happens.
 * @throws UserError (exit code 2) naming the key or value and what is allowed
 */
export function parseAugment(text: string): AugmentConfig {
  const config: AugmentConfig = { ...noAugment };
  if (text.trim() === "none") return config;
  const seen = new Set<string>();
  for (const part of text.split(/[,+]/)) {
    const [key, value = ""] = splitOnce(part.trim(), "=");
    if (!isAugmentKey(key)) {
      const hint = didYouMean(key, [...augmentKeys, "none"]);
      throw new UserError(`augment knows ${augmentKeys.join(", ")} as KEY=VALUE, or none; got ${JSON.stringify(part)}${hint}.`, 2);
    }
    if (seen.has(key)) throw new UserError(`augment has ${key} twice in ${JSON.stringify(text)}; give it once.`, 2);
    seen.add(key);
    if (key === "crop") config.crop = parseCrop(value);
    else config[key] = amount(key, value);
  }
  return config;
}

function parseCrop(text: string): AugmentConfig["crop"] {
  const [sizeText, probabilityText = "1"] = splitOnce(text, "@");
  const size = amount("crop", sizeText);
  const probability = decimal(probabilityText);
  if (!Number.isInteger(size) || size < 1 || !(probability >= 0 && probability <= 1)) throw wrongValue("crop", text);
  return { size, probability };
}

function amount(key: AugmentKey, text: string): number {
  const value = decimal(text);
  if (!(value >= 0 && value <= ranges[key].maximum)) throw wrongValue(key, text);
  return value;
}

function wrongValue(key: AugmentKey, text: string): UserError {
  return new UserError(`augment's ${key} expects ${ranges[key].meaning}, got ${JSON.stringify(text)}.`, 2);
}

function isAugmentKey(key: string): key is AugmentKey {
  return Object.hasOwn(ranges, key);
}

function decimal(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
