import { ImageError } from "./image-error.js";

/** The format of a file, by its first bytes. */

/** Formats that strangers may send: their files are taken apart before a decoder sees them. */
type WebFormat = "png" | "jpeg" | "webp";
/** Formats that only the owner of the machine is trusted with. */
export type FileFormat = WebFormat | "gif" | "tiff" | "bmp" | "avif";

const webFormats: readonly FileFormat[] = ["png", "jpeg", "webp"];

/** @param accept "web" or any format @throws ImageError where it is no picture, or none of those */
export function formatOf(bytes: Uint8Array, accept: "web" | "all"): FileFormat {
  if (bytes.length === 0) throw new ImageError("format", "is empty");
  const format = sniffed(bytes);
  if (format === "heic")
    throw new ImageError(
      "format",
      "is a HEIC file, which cannot be read here; save it as JPEG first (heif-convert IN.heic OUT.jpg, or sips -s format jpeg on macOS)",
    );
  if (format && (accept === "all" || webFormats.includes(format))) return format;
  if (accept === "web") throw new ImageError("format", "is neither a PNG, a JPEG nor a WebP file");
  throw new ImageError("format", "is no PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF file");
}

function sniffed(bytes: Uint8Array): FileFormat | "heic" | undefined {
  const text = (start: number, end: number) => String.fromCharCode(...bytes.subarray(start, end));
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "jpeg";
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return "webp";
  if (/^GIF8[79]a$/.test(text(0, 6))) return "gif";
  if (["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(text(0, 4))) return "tiff";
  if (text(0, 2) === "BM" && bytes.length > 26) return "bmp";
  if (text(4, 8) !== "ftyp") return undefined;
  const brand = text(8, 12);
  if (brand === "avif" || brand === "avis") return "avif";
  return /^(hei|hev|mif1|msf1)/.test(brand) ? (text(16, 64).includes("avif") ? "avif" : "heic") : undefined;
}
