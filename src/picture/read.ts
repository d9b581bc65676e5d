import { imageSide as side } from "../util/image-size.js";
import { isolateDigit } from "./components.js";
import { decodeImage, type ImageLimits, type Raster } from "./decode.js";
import type { Field } from "./field.js";
import { type Framed, frameArticle, frameDigit, isFramed } from "./framing.js";
import { ImageError } from "./image-error.js";
import { brightness, findInk, type Polarity } from "./ink.js";

/** From a picture file to the 28×28 image that a network was trained on. */

/** How the dataset's images were made: digits as MNIST's, articles as Fashion-MNIST's. */
export type ImageStyle = "digit" | "article";

export interface NormalizedImage {
  /** [784] rows of 28; 0 background … 1 ink */
  pixels: Float32Array;
  /** What was done, for people: "dark on light", "cropped to 40×60 of 100×100", … */
  steps: string[];
}

/**
 * Decodes and normalizes a PNG or JPEG of any size, depth and colour.
 * @throws ImageError where it is no such file, damaged, too large or blank
 */
export async function readImage(bytes: Uint8Array, style: ImageStyle, limits?: ImageLimits): Promise<NormalizedImage> {
  return normalizeImage(await decodeImage(bytes, limits), style);
}

/** @throws ImageError where nothing is drawn on it */
export function normalizeImage(raster: Raster, style: ImageStyle): NormalizedImage {
  const light = brightness(raster);
  const steps = [`${raster.stored.width}×${raster.stored.height} ${raster.format.toUpperCase()}`];
  const ready = datasetImage(light, style);
  if (ready) {
    steps.push(describe(ready.polarity), "already framed as in the dataset: unchanged");
    return { pixels: ready.pixels, steps };
  }
  const { framed, polarity } = style === "digit" ? digit(light) : article(light);
  if (!framed) throw new ImageError("blank", "is blank: nothing drawn on it can be told from its background");
  const { box, strokes } = framed;
  steps.push(describe(polarity), `cropped to ${box.right - box.left}×${box.bottom - box.top} of ${light.width}×${light.height}`);
  if (strokes !== "kept") steps.push(`strokes ${strokes}`);
  steps.push(style === "digit" ? "scaled into 20×20, centred by mass" : "scaled into 28×28");
  return { pixels: framed.pixels, steps };
}

interface Found {
  framed: Framed | undefined;
  polarity: Polarity;
}

function digit(light: Field): Found {
  const { field, polarity } = findInk(light);
  return { framed: frameDigit(isolateDigit(field)), polarity };
}

/** Articles are shaded all over, so neither ink nor strokes are looked for: what differs from the corners is the article. */
function article(light: Field): Found {
  const background = corners(light);
  const polarity = background > 0.5 ? "dark-on-light" : "light-on-dark";
  const data = light.data.map((value) =>
    polarity === "dark-on-light" ? Math.max(0, background - value) / background : Math.max(0, value - background) / (1 - background),
  );
  return { framed: frameArticle({ ...light, data }), polarity };
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
