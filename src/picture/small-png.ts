import { inflateSync } from "node:zlib";
import { imageSide as side } from "../util/image-size.js";
import { datasetImage, type ImageStyle, type NormalizedImage, readyImage } from "./read.js";

/**
 * The shortest way for the picture that servers are sent most: a 28×28 grey, RGB or RGBA PNG that is one of the dataset's images.
 * Everything else is left to the full decoder. Format: https://www.w3.org/TR/png/
 */

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Samples a pixel by colour type. */
const samples: Record<number, number> = { 0: 1, 2: 3, 4: 2, 6: 4 };
const mostBytes = 8_192;

/** @returns undefined where the picture is not of that kind, or not whole: the full decoder then says what it is */
export function readDatasetPng(bytes: Buffer, style: ImageStyle): NormalizedImage | undefined {
  const grey = decodeGrey(bytes);
  const found = grey && datasetImage({ width: side, height: side, data: grey }, style);
  const steps = found && ["28×28 PNG", found.polarity.replaceAll("-", " "), "already framed as in the dataset: unchanged"];
  return found && steps && readyImage(found.pixels, steps);
}

/** @returns [784] in [0, 1] for an opaque picture without colours; undefined for anything else */
function decodeGrey(bytes: Buffer): Float32Array | undefined {
  if (bytes.length < 57 || bytes.length > mostBytes || bytes.compare(signature, 0, 8, 0, 8) !== 0) return undefined;
  if (bytes.readUInt32BE(8) !== 13 || bytes.toString("latin1", 12, 16) !== "IHDR") return undefined;
  if (bytes.readUInt32BE(16) !== side || bytes.readUInt32BE(20) !== side) return undefined;
  const [depth, colour, compression, filter, interlace] = bytes.subarray(24, 29);
  const channels = samples[colour];
  if (depth !== 8 || channels === undefined || compression !== 0 || filter !== 0 || interlace !== 0) return undefined;
  const data = imageData(bytes);
  const stride = side * channels;
  if (data?.length !== (stride + 1) * side || !unfilter(data, stride, channels)) return undefined;
  return greys(data, stride, channels);
}

/** @returns the inflated image data; undefined where the chunks are not the plainest */
function imageData(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let ended = false;
  for (let at = 33; !ended; ) {
    if (at + 12 > bytes.length) return undefined;
    const end = at + 12 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    const type = bytes.toString("latin1", at + 4, at + 8);
    // Transparency by colour and turning by EXIF are for the full decoder; so is a checksum that may be wrong.
    if (type === "tRNS" || type === "eXIf" || bytes.readUInt32BE(end - 4) !== crc32(bytes, at + 4, end - 4)) return undefined;
    if (type === "IDAT") parts.push(bytes.subarray(at + 8, end - 4));
    ended = type === "IEND";
    at = end;
  }
  try {
    return inflateSync(Buffer.concat(parts), { maxOutputLength: (side * 4 + 1) * side + 1 });
  } catch {
    return undefined;
  }
}

/** Undoes the row filters in place. @returns false for an unknown filter */
function unfilter(data: Buffer, stride: number, channels: number): boolean {
  for (let y = 0; y < side; y++) {
    const row = y * (stride + 1) + 1;
    const kind = data[row - 1];
    if (kind > 4) return false;
    for (let i = 0; i < stride; i++) {
      const left = i >= channels ? data[row + i - channels] : 0;
      const up = y > 0 ? data[row + i - stride - 1] : 0;
      const corner = i >= channels && y > 0 ? data[row + i - stride - 1 - channels] : 0;
      data[row + i] += [0, left, up, (left + up) >> 1, paeth(left, up, corner)][kind];
    }
  }
  return true;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function greys(data: Buffer, stride: number, channels: number): Float32Array | undefined {
  const grey = new Float32Array(side * side);
  for (let y = 0, pixel = 0; y < side; y++)
    for (let x = 0; x < side; x++, pixel++) {
      const at = y * (stride + 1) + 1 + x * channels;
      const coloured = channels >= 3 && (data[at] !== data[at + 1] || data[at] !== data[at + 2]);
      const transparent = channels % 2 === 0 && data[at + channels - 1] !== 255;
      if (coloured || transparent) return undefined;
      grey[pixel] = data[at] / 255;
    }
  return grey;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes: Buffer, start: number, end: number): number {
  let crc = 0xffffffff;
  for (let i = start; i < end; i++) crc = crcTable[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
