import { imageSide as side } from "../util/image-size.js";
import { decodeImage, type ImageLimits, type Raster } from "./decode.js";
import { type FoundDigit, findDigits } from "./digits.js";
import { type Box, type Field, quantile, shrink } from "./field.js";
import { frameArticle, isFramed } from "./framing.js";
import { ImageError } from "./image-error.js";
import { brightness, type Polarity } from "./ink.js";
import { hasLongUpstroke } from "./upstroke.js";

/** From a picture file to the 28×28 images that a network was trained on. */

/** How the dataset's images were made: digits as MNIST's, articles as Fashion-MNIST's. */
export type ImageStyle = "digit" | "article";

/** One digit or article of a picture. */
export interface PictureDigit {
  /** [784] rows of 28; 0 background … 1 ink */
  pixels: Float32Array;
  /** Further ways to frame the same ink, [784] each: the network says which one it reads. */
  others: Float32Array[];
  /** Drawn as a 1 with a long upstroke is; never set for one of the dataset's own images. */
  upstroke?: boolean;
  /** Left, top, width and height in the upright picture, in its pixels. */
  box: [left: number, top: number, width: number, height: number];
  /** Where it may as well be two digits that stand close: those. */
  parts?: PictureDigit[];
}

export interface NormalizedImage {
  /** The largest digit's. */
  pixels: Float32Array;
  /** From left to right; at least one. */
  digits: PictureDigit[];
  /** The upright picture, small: 0 background … 1 ink, where there are several digits on it. */
  overview?: Overview;
  /** What was done, for people: "dark on light", "cropped to 40×60 of 100×100", … */
  steps: string[];
}

export interface Overview extends Field {
  /** Pixels of the picture in one of these. */
  scale: number;
}

/** Its longer side. */
const overviewSide = 112;

/**
 * Decodes and normalizes a picture of any size, depth and colour.
 * @throws ImageError where it is no such file, damaged, too large or blank
 */
export async function readImage(bytes: Uint8Array, style: ImageStyle, limits?: ImageLimits): Promise<NormalizedImage> {
  return normalizeImage(await decodeImage(bytes, limits), style);
}

/** @throws ImageError where nothing is drawn on it */
function normalizeImage(raster: Raster, style: ImageStyle): NormalizedImage {
  const light = brightness(raster);
  const { stored, upright } = raster;
  const steps = [`${stored.width}×${stored.height} ${raster.format.toUpperCase()}`];
  const scale = upright.width / light.width;
  const ready = datasetImage(light, style);
  if (ready) {
    steps.push(describe(ready.polarity), "already framed as in the dataset: unchanged");
    return readyImage(ready.pixels, steps);
  }
  const { polarity, digits, done } = style === "digit" ? digitsOn(light) : articleOn(light);
  const largest = largestOf(digits);
  const { left, top, right, bottom } = largest.box;
  steps.push(describe(polarity), ...done);
  if (digits.length > 1) steps.push(`${digits.length} digits found`);
  steps.push(`cropped to ${right - left}×${bottom - top} of ${light.width}×${light.height}`);
  if (largest.strokes !== "kept") steps.push(`strokes ${largest.strokes}`);
  steps.push(style === "digit" ? "scaled into 20×20, centred by mass" : "scaled into 28×28");
  return {
    pixels: largest.pixels,
    digits: digits.map((digit) => placed(digit, scale)),
    ...(digits.some(({ parts }) => digits.length > 1 || parts) && { overview: overviewOf(light, polarity, scale) }),
    steps,
  };
}

/** @returns one of the dataset's own images as a picture of one digit */
export function readyImage(pixels: Float32Array, steps: string[]): NormalizedImage {
  return { pixels, digits: [{ pixels, others: [], box: [0, 0, side, side] }], steps };
}

/** @returns the one with the largest box @param digits at least one */
function largestOf<T extends { box: Box }>(digits: readonly T[]): T {
  const area = ({ box }: T) => (box.right - box.left) * (box.bottom - box.top);
  return digits.reduce((largest, next) => (area(next) > area(largest) ? next : largest));
}

function placed({ pixels, others, box, parts }: FoundDigit, scale: number): PictureDigit {
  const { left, top, right, bottom } = box;
  const rounded = [left, top, right - left, bottom - top].map((value) => Math.round(value * scale));
  const inPicture = rounded as PictureDigit["box"];
  return {
    pixels,
    others,
    upstroke: hasLongUpstroke(pixels),
    box: inPicture,
    ...(parts && { parts: parts.map((part) => placed(part, scale)) }),
  };
}

function overviewOf(light: Field, polarity: Polarity, scale: number): Overview {
  const small = shrink(light, overviewSide);
  const [low, high] = [quantile(small.data, 0.005), quantile(small.data, 0.995)];
  const data = small.data.map((value) => {
    const part = Math.min(1, Math.max(0, (value - low) / Math.max(1e-6, high - low)));
    return polarity === "dark-on-light" ? 1 - part : part;
  });
  return { ...small, data, scale: (scale * light.width) / small.width };
}

interface Found {
  polarity: Polarity;
  digits: FoundDigit[];
  done: string[];
}

function digitsOn(light: Field): Found {
  const found = findDigits(light);
  if (!found) throw blank();
  return { ...found, done: found.steps };
}

/** Articles are shaded all over, so neither ink nor strokes are looked for: what differs from the corners is the article. */
function articleOn(light: Field): Found {
  const background = corners(light);
  const polarity = background > 0.5 ? "dark-on-light" : "light-on-dark";
  const data = light.data.map((value) =>
    polarity === "dark-on-light" ? Math.max(0, background - value) / background : Math.max(0, value - background) / (1 - background),
  );
  const framed = frameArticle({ ...light, data });
  if (!framed) throw blank();
  return { polarity, digits: [{ ...framed, others: [] }], done: [] };
}

/** @returns the picture as it is (or its negative) where it is one of the dataset's own images */
export function datasetImage(light: Field, style: ImageStyle): { pixels: Float32Array; polarity: Polarity } | undefined {
  if (light.width !== side || light.height !== side) return undefined;
  const negative = { ...light, data: light.data.map((value) => 1 - value) };
  if (style === "article") {
    return corners(light) > 0.5 ? { pixels: negative.data, polarity: "dark-on-light" } : { pixels: light.data, polarity: "light-on-dark" };
  }
  if (isFramed(light)) return { pixels: light.data, polarity: "light-on-dark" };
  return isFramed(negative) ? { pixels: negative.data, polarity: "dark-on-light" } : undefined;
}

/** @returns the median of the four corners' brightness */
function corners({ width, height, data }: Field): number {
  const values = [data[0], data[width - 1], data[(height - 1) * width], data[height * width - 1]].sort((a, b) => a - b);
  return (values[1] + values[2]) / 2;
}

function describe(polarity: Polarity): string {
  return polarity.replaceAll("-", " ");
}

function blank(): ImageError {
  return new ImageError("blank", "is blank: nothing drawn on it can be told from its background");
}
