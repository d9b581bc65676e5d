import { ImageError } from "./image-error.js";
import type { Stripped } from "./strip.js";

/** Rebuilds a WebP from the parts that make its pixels. Format: RFC 9649. */

const maxExifBytes = 65_536;

/** @throws ImageError where the chunks do not add up, or it is animated */
export function stripWebp(bytes: Uint8Array): Stripped {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 12 || 8 + view.getUint32(4, true) > bytes.length) throw damaged("ends early");
  const end = 8 + view.getUint32(4, true);
  const chunks = new Map<string, Uint8Array>();
  for (let at = 12; at < end; ) {
    if (at + 8 > end) throw damaged("ends early");
    const type = String.fromCharCode(...bytes.subarray(at, at + 4));
    const size = view.getUint32(at + 4, true);
    if (at + 8 + size > end) throw damaged("ends early");
    if (type === "ANIM" || type === "ANMF") throw new ImageError("format", "is an animated WebP file; expected a still picture");
    if (!chunks.has(type)) chunks.set(type, bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size + (size & 1);
  }
  const kind = chunks.has("VP8 ") ? "VP8 " : "VP8L";
  const picture = chunks.get(kind);
  if (!picture) throw damaged("holds no picture");
  const size = kind === "VP8 " ? lossySize(picture) : losslessSize(picture);
  const extended = chunks.get("VP8X");
  const parts = [chunk(kind, picture)];
  if (extended) {
    if (extended.length < 10 || uint24(extended, 4) + 1 !== size.width || uint24(extended, 7) + 1 !== size.height)
      throw damaged("has a malformed header");
    const alpha = kind === "VP8 " ? chunks.get("ALPH") : undefined;
    const exif = chunks.get("EXIF");
    const keptExif = exif && exif.length <= maxExifBytes ? exif : undefined;
    const header = Uint8Array.from(extended.subarray(0, 10));
    header[0] = (extended[0] & 0x10) | (keptExif ? 0x08 : 0);
    parts.unshift(chunk("VP8X", header), ...(alpha ? [chunk("ALPH", alpha)] : []));
    if (keptExif) parts.push(chunk("EXIF", keptExif));
  }
  const body = Buffer.concat([Buffer.from("WEBP"), ...parts]);
  const head = Buffer.from("RIFF\0\0\0\0");
  head.writeUInt32LE(body.length, 4);
  return { stripped: Buffer.concat([head, body]), ...size };
}

function lossySize(frame: Uint8Array): { width: number; height: number } {
  if (frame.length < 10 || frame[3] !== 0x9d || frame[4] !== 0x01 || frame[5] !== 0x2a) throw damaged("has a malformed header");
  return checked((frame[6] | (frame[7] << 8)) & 0x3fff, (frame[8] | (frame[9] << 8)) & 0x3fff);
}

function losslessSize(frame: Uint8Array): { width: number; height: number } {
  if (frame.length < 5 || frame[0] !== 0x2f) throw damaged("has a malformed header");
  const bits = (frame[1] | (frame[2] << 8) | (frame[3] << 16) | (frame[4] << 24)) >>> 0;
  return checked((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
}

function checked(width: number, height: number): { width: number; height: number } {
  if (width === 0 || height === 0) throw damaged("has no pixels");
  return { width, height };
}

function uint24(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const head = Buffer.from(`${type}\0\0\0\0`);
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length & 1)]);
}

function damaged(how: string): ImageError {
  return new ImageError("damaged", `is a damaged WebP file: it ${how}`);
}
