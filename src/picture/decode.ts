import sharp from "sharp";
import { ImageError } from "./image-error.js";
import { stripJpeg, stripPng } from "./strip.js";

/**
 * PNG and JPEG bytes → pixels, safe with bytes from strangers: only these two decoders are open, the header's dimensions are
 * checked before anything is decoded, and the file is rebuilt from the parts that make pixels, so that no profile,
 * text or extra scan costs time.
 */

export interface Raster {
  width: number;
  height: number;
  /** [height × width × 4] red, green, blue, alpha, 0–255, upright */
  rgba: Uint8Array;
  format: "png" | "jpeg";
  /** As stored in the file, before turning upright and shrinking. */
  stored: { width: number; height: number };
  /** The stored size turned upright. */
  upright: { width: number; height: number };
}

export interface ImageLimits {
  /** Width × height of the file. A JPEG costs less: it is shrunk while it is decoded. */
  maxPixels: { png: number; jpeg: number };
}

/** What a phone's camera makes, with room. */
export const defaultImageLimits: ImageLimits = { maxPixels: { png: 120e6, jpeg: 120e6 } };

/** Larger pictures are shrunk to this side while being decoded: enough for a digit on a page, little enough to work on. */
const workingSide = 800;

sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: ["VipsForeignLoadJpegBuffer", "VipsForeignLoadPngBuffer"] });
sharp.cache(false);

/**
 * @returns the picture upright (EXIF), in sRGB with alpha, 8 bits a channel whatever the file holds (16 bits, palette, grey, CMYK),
 *   its longer side at most 800
 * @throws ImageError
 */
export async function decodeImage(bytes: Uint8Array, limits: ImageLimits = defaultImageLimits): Promise<Raster> {
  const format = sniff(bytes);
  const { stripped, width, height } = strip[format](bytes);
  const most = limits.maxPixels[format];
  if (width * height > most) throw new ImageError("too-large", `has ${width}×${height} pixels, at most ${most / 1e6} million are read`);
  try {
    const { data, info } = await sharp(stripped, { failOn: "warning", limitInputPixels: most, sequentialRead: true })
      .autoOrient()
      .resize({ width: workingSide, height: workingSide, fit: "inside", withoutEnlargement: true, kernel: "linear" })
      .toColourspace("srgb")
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const turned = info.width > info.height !== width > height && info.width !== info.height;
    const upright = turned ? { width: height, height: width } : { width, height };
    return { width: info.width, height: info.height, rgba: data, format, stored: { width, height }, upright };
  } catch {
    throw new ImageError("damaged", `is a damaged ${format.toUpperCase()} file`);
  }
}

const strip = { png: stripPng, jpeg: stripJpeg };

/** @returns width × height as the file's header says, without decoding it @throws ImageError */
export function pixelCount(bytes: Uint8Array): number {
  const { width, height } = strip[sniff(bytes)](bytes);
  return width * height;
}

/** @returns the format by its first bytes @throws ImageError where it is neither */
function sniff(bytes: Uint8Array): "png" | "jpeg" {
  const starts = (...signature: number[]) => signature.every((byte, i) => bytes[i] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "png";
  if (starts(0xff, 0xd8, 0xff)) return "jpeg";
  throw new ImageError("format", bytes.length === 0 ? "is empty" : "is neither a PNG nor a JPEG file");
}
