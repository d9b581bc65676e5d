import { ImageError } from "./image-error.js";

/**
 * Rebuilds a PNG or JPEG from the parts that make its pixels. Everything else a file may carry (compressed texts and
 * profiles, comments, thumbnails, animation) is dropped before a decoder sees it.
 */

export interface Stripped {
  stripped: Uint8Array;
  /** As the header says. */
  width: number;
  height: number;
}

/** eXIf only turns the picture upright; it is kept where it is small. */
const pngChunks = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND", "eXIf"]);
const maxExifBytes = 65536;
/** Encoders use 10 or so; each further scan costs a pass over the whole picture. */
const maxJpegScans = 64;

/** @throws ImageError where the chunks do not add up */
export function stripPng(bytes: Uint8Array): Stripped {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts = [bytes.subarray(0, 8)];
  let size: { width: number; height: number } | undefined;
  let ended = false;
  for (let at = 8; !ended; ) {
    if (at + 12 > bytes.length) throw damaged("PNG", "ends early");
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 12 + length;
    if (end > bytes.length) throw damaged("PNG", "ends early");
    if (type === "IHDR" && length === 13 && !size) size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (!size) throw damaged("PNG", "does not begin with a header");
    if (pngChunks.has(type) && !(type === "eXIf" && length > maxExifBytes)) parts.push(bytes.subarray(at, end));
    ended = type === "IEND";
    at = end;
  }
  return { stripped: Buffer.concat(parts), ...checked("PNG", size!) };
}

/** @throws ImageError where the segments do not add up */
export function stripJpeg(bytes: Uint8Array): Stripped {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts = [bytes.subarray(0, 2)];
  let size: { width: number; height: number } | undefined;
  let scans = 0;
  let hasExif = false;
  let sequential = false;
  for (let at = 2; ; ) {
    // Decoders skip what lies between segments; so is it here.
    if (bytes[at] !== 0xff || bytes[at + 1] === 0) at = bytes.indexOf(0xff, at + 1);
    if (at < 0) throw damaged("JPEG", "ends early");
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    if (at + 1 < bytes.length && (bytes[at] !== 0xff || bytes[at + 1] === 0)) continue;
    if (at + 2 > bytes.length || bytes[at] !== 0xff) throw damaged("JPEG", "ends early");
    const marker = bytes[at + 1];
    if (marker === 0xd9) {
      parts.push(bytes.subarray(at, at + 2));
      break;
    }
    if (at + 4 > bytes.length) throw damaged("JPEG", "ends early");
    const segmentEnd = at + 2 + view.getUint16(at + 2);
    if (segmentEnd < at + 4 || segmentEnd > bytes.length) throw damaged("JPEG", "ends early");
    if (isFrame(marker)) {
      sequential = marker <= 0xc1;
      if (size || segmentEnd < at + 9) throw damaged("JPEG", "has a malformed header");
      size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    const isExif: boolean = marker === 0xe1 && !hasExif && String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === "Exif";
    hasExif ||= isExif;
    if (marker === 0xda && ++scans > maxJpegScans) throw new ImageError("too-large", `has more than ${maxJpegScans} scans`);
    const end = marker === 0xda ? scanEnd(bytes, segmentEnd) : segmentEnd;
    // 0xc0–0xdf: frame, tables, scans, restart interval. APP14 says whether CMYK is inverted or YCCK.
    if ((marker >= 0xc0 && marker <= 0xdf) || marker === 0xee || isExif)
      parts.push(marker === 0xda && sequential ? withWholeSpectrum(bytes.subarray(at, end), segmentEnd - at) : bytes.subarray(at, end));
    at = end;
  }
  if (!size || scans === 0) throw damaged("JPEG", "holds no picture");
  return { stripped: Buffer.concat(parts), ...checked("JPEG", size) };
}

/** Some phones leave zeros where a sequential scan has to say that it holds all coefficients (ITU-T T.81, B.2.3); decoders complain of it. */
function withWholeSpectrum(scan: Uint8Array, headerBytes: number): Uint8Array {
  if (scan[headerBytes - 3] === 0 && scan[headerBytes - 2] === 63 && scan[headerBytes - 1] === 0) return scan;
  const whole = Uint8Array.from(scan);
  whole.set([0, 63, 0], headerBytes - 3);
  return whole;
}

/** SOF0–SOF15 without the tables DHT, JPG and DAC between them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** @returns where the entropy-coded data ends: the next marker that is neither a stuffed zero nor a restart */
function scanEnd(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  throw damaged("JPEG", "ends early");
}

function checked(format: string, size: { width: number; height: number }): { width: number; height: number } {
  if (size.width === 0 || size.height === 0) throw damaged(format, "has no pixels");
  return size;
}

function damaged(format: string, how: string): ImageError {
  return new ImageError("damaged", `is a damaged ${format} file: it ${how}`);
}
