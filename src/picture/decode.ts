import sharp, { type Sharp } from "sharp";
import { bmpSize, readBmp } from "./bmp.js";
import { type FileFormat, formatOf } from "./formats.js";
import { ImageError } from "./image-error.js";
import { stripJpeg, stripPng } from "./strip.js";
import { stripWebp } from "./strip-webp.js";

/**
 * A picture's bytes → pixels, safe with bytes from strangers: only the decoders of PNG, JPEG and WebP are open, the header's dimensions
 * are checked before anything is decoded, and the file is rebuilt from the parts that make pixels, so that no profile,
 * text or extra scan costs time.
 */

export interface Raster {
  width: number;
  height: number;
  /** [height × width × 4] red, green, blue, alpha, 0–255, upright */
  rgba: Uint8Array;
  format: FileFormat;
  /** As stored in the file, before turning upright and shrinking. */
  stored: { width: number; height: number };
  /** The stored size turned upright. */
  upright: { width: number; height: number };
}

export interface ImageLimits {
  /** Width × height of the file. A JPEG costs less: it is shrunk while it is decoded. */
  maxPixels: { png: number; jpeg: number };
  /** "all" opens further decoders in this process, for files that its user names; "web" (default) is for what strangers send. */
  formats?: "web" | "all";
}

/** Pictures of phones' cameras, with room. */
export const defaultImageLimits: ImageLimits = { maxPixels: { png: 120e6, jpeg: 120e6 } };

/** Larger pictures are shrunk to this side while being decoded: enough for a digit on a page, little enough to work on. */
const workingSide = 800;

sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: ["VipsForeignLoadJpegBuffer", "VipsForeignLoadPngBuffer", "VipsForeignLoadWebpBuffer"] });
sharp.cache(false);

/** What decoders of PNG and JPEG warn of although all pixels are there. What they warn of else is damage. */
const harmless =
  /extraneous bytes before marker|Inconsistent progression|Unknown Adobe|Extra compressed data|Too much image data|Application transferred too/i;

/**
 * @returns the picture upright (EXIF), in sRGB with alpha, 8 bits a channel whatever the file holds (16 bits, palette, grey, CMYK),
 *   its longer side at most 800
 * @throws ImageError
 */
export async function decodeImage(bytes: Uint8Array, limits: ImageLimits = defaultImageLimits): Promise<Raster> {
  const format = formatOf(bytes, limits.formats ?? "web");
  const most = format === "jpeg" ? limits.maxPixels.jpeg : limits.maxPixels.png;
  const source = await openSource(bytes, format, most);
  const { width, height } = source;
  if (width * height > most) throw new ImageError("too-large", `has ${width}×${height} pixels, at most ${most / 1e6} million are read`);
  try {
    const { data, info } = await decoded(source.open);
    const turned = info.width > info.height !== width > height && info.width !== info.height;
    const upright = turned ? { width: height, height: width } : { width, height };
    return { width: info.width, height: info.height, rgba: data, format, stored: { width, height }, upright };
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw new ImageError("damaged", `is a damaged ${format.toUpperCase()} file`);
  }
}

interface Source {
  width: number;
  height: number;
  open(failOn: "warning" | "error"): Sharp;
}

async function openSource(bytes: Uint8Array, format: FileFormat, limitInputPixels: number): Promise<Source> {
  if (format === "bmp")
    return {
      ...bmpSize(bytes),
      open: () => {
        const { rgb, width, height } = readBmp(bytes);
        return sharp(rgb, { raw: { width, height, channels: 3 } });
      },
    };
  if (format in strip) {
    const { stripped, width, height } = strip[format as keyof typeof strip](bytes);
    return { width, height, open: (failOn) => sharp(stripped, { failOn, limitInputPixels, sequentialRead: true }) };
  }
  sharp.unblock({ operation: ["VipsForeignLoadNsgifBuffer", "VipsForeignLoadTiffBuffer", "VipsForeignLoadHeifBuffer"] });
  const open = () => sharp(bytes, { failOn: "error", limitInputPixels });
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return { width, height, open };
  } catch {
    throw new ImageError("damaged", `is a damaged ${format.toUpperCase()} file`);
  }
}

async function decoded(open: Source["open"]) {
  const read = (failOn: "warning" | "error") =>
    open(failOn)
      .autoOrient()
      .resize({ width: workingSide, height: workingSide, fit: "inside", withoutEnlargement: true, kernel: "linear" })
      .toColourspace("srgb")
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
  try {
    return await read("warning");
  } catch (error) {
    if (!harmless.test((error as Error).message)) throw error;
    return read("error");
  }
}

const strip = { png: stripPng, jpeg: stripJpeg, webp: stripWebp };

/** @returns width × height as the header of a PNG, JPEG or WebP says, without decoding it @throws ImageError */
export function pixelCount(bytes: Uint8Array): number {
  const { width, height } = strip[formatOf(bytes, "web") as keyof typeof strip](bytes);
  return width * height;
}
