import { ImageError } from "./image-error.js";

/** Reads uncompressed BMP files, which the decoder behind the other formats does not know: 1, 4, 8, 24 and 32 bits a pixel. */

interface Bitmap {
  width: number;
  height: number;
  /** [height × width × 3] red, green, blue */
  rgb: Uint8Array;
}

/** @returns width and height as the header says @throws ImageError where it is no BMP header */
export function bmpSize(bytes: Uint8Array): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 54 || view.getUint32(14, true) < 40) throw damaged("has a header of another kind");
  const [width, height] = [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
  if (width <= 0 || height === 0) throw damaged("has no pixels");
  return { width, height };
}

/** @throws ImageError where it is compressed, of another depth or cut short */
export function readBmp(bytes: Uint8Array): Bitmap {
  const { width, height } = bmpSize(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [start, headerBytes, depth, compression] = [
    view.getUint32(10, true),
    view.getUint32(14, true),
    view.getUint16(28, true),
    view.getUint32(30, true),
  ];
  // 3 (bit fields) of 32 bits is blue, green, red like 0 in all but exotic files; its masks say so.
  const plain = compression === 0 || (compression === 3 && depth === 32 && view.getUint32(54, true) === 0xff0000);
  if (!plain || ![1, 4, 8, 24, 32].includes(depth))
    throw new ImageError("format", "is a BMP file of a compressed or rare kind; save it as PNG");
  const stride = 4 * Math.ceil((width * depth) / 32);
  if (start + stride * height > bytes.length) throw damaged("ends early");
  const palette = 14 + headerBytes;
  const bottomUp = view.getInt32(22, true) > 0;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = start + stride * (bottomUp ? height - 1 - y : y);
    for (let x = 0; x < width; x++, to += 3) {
      const from = depth >= 24 ? row + (x * depth) / 8 : palette + 4 * indexAt(bytes, row, x, depth);
      if (from + 2 >= bytes.length) throw damaged("names a colour that is not there");
      [rgb[to], rgb[to + 1], rgb[to + 2]] = [bytes[from + 2], bytes[from + 1], bytes[from]];
    }
  }
  return { width, height, rgb };
}

function indexAt(bytes: Uint8Array, row: number, x: number, depth: number): number {
  const bit = x * depth;
  return (bytes[row + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

function damaged(how: string): ImageError {
  return new ImageError("damaged", `is a damaged BMP file: it ${how}`);
}
