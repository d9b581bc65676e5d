import { describe, expect, it } from "vitest";
import { defaultImageLimits } from "../../dist/picture/decode.js";
import { ImageError } from "../../dist/picture/image-error.js";
import { readImage } from "../../dist/picture/read.js";
import { stripJpeg } from "../../dist/picture/strip.js";
import { stripWebp } from "../../dist/picture/strip-webp.js";
import { stroke } from "../serve/support.js";
import { asSharp, black, enlarge, plain, transparent, white } from "./pictures.js";

const any = { ...defaultImageLimits, formats: "all" as const };
const big = enlarge(stroke(), 8);
const source = () => asSharp(plain(big, white, black));
const reference = source()
  .png()
  .toBuffer()
  .then((bytes) => readImage(bytes, "digit"));

async function problemOf(bytes: Uint8Array, limits = defaultImageLimits): Promise<string | undefined> {
  try {
    await readImage(bytes, "digit", limits);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ImageError);
    return (error as ImageError).problem;
  }
}

function difference(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}

/** An uncompressed bitmap of 1, 8, 24 or 32 bits a pixel, rows from the bottom up or, for a negative height, from the top. */
function bitmap(depth: 1 | 8 | 24 | 32, order: "up" | "down"): Buffer {
  const { width, height, data } = big;
  const colours = depth <= 8 ? 1 << depth : 0;
  const stride = 4 * Math.ceil((width * depth) / 32);
  const start = 54 + 4 * colours;
  const bytes = Buffer.alloc(start + stride * height);
  bytes.write("BM", 0);
  bytes.writeUInt32LE(start, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(order === "up" ? height : -height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(depth, 28);
  for (let i = 0; i < colours; i++) bytes.fill(Math.round((255 * i) / (colours - 1)), 54 + 4 * i, 57 + 4 * i);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const grey = Math.round(255 * (1 - data[y * width + x]));
      const row = start + stride * (order === "up" ? height - 1 - y : y);
      if (depth === 1) bytes[row + (x >> 3)] |= grey > 127 ? 0x80 >> (x & 7) : 0;
      else if (depth === 8) bytes[row + x] = grey;
      else bytes.fill(grey, row + (x * depth) / 8, row + (x * depth) / 8 + 3);
    }
  return bytes;
}

describe("formats that the user of the machine may name", () => {
  it.each([
    ["WebP", () => source().webp({ quality: 90 }).toBuffer()],
    ["lossless WebP", () => source().webp({ lossless: true }).toBuffer()],
    ["WebP with transparency", () => transparent(big, black).webp().toBuffer()],
    ["GIF", () => source().gif().toBuffer()],
    ["TIFF", () => source().tiff({ compression: "lzw" }).toBuffer()],
    ["AVIF", () => source().avif({ quality: 80 }).toBuffer()],
    ["24-bit BMP", async () => bitmap(24, "up")],
    ["32-bit BMP from the top", async () => bitmap(32, "down")],
    ["8-bit BMP", async () => bitmap(8, "up")],
    ["1-bit BMP", async () => bitmap(1, "up")],
  ])("%s reads as the plain PNG does", async (_, picture) => {
    const { pixels } = await readImage(await picture(), "digit", any);
    expect(difference(pixels, (await reference).pixels)).toBeLessThan(0.03);
  });

  it("every prefix of a BMP is refused, as are compressed ones and more pixels than are read", async () => {
    const bytes = bitmap(8, "up");
    for (let length = 27; length < bytes.length; length += 997) expect(await problemOf(bytes.subarray(0, length), any)).toBe("damaged");
    const compressed = Buffer.from(bytes);
    compressed.writeUInt32LE(1, 30);
    expect(await problemOf(compressed, any)).toBe("format");
    const huge = Buffer.from(bytes);
    huge.writeInt32LE(100_000, 18);
    huge.writeInt32LE(100_000, 22);
    expect(await problemOf(huge, any)).toBe("too-large");
  });

  it("a HEIC file is named, with the way to convert it", async () => {
    const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypheic\0\0\0\0mif1heic"), Buffer.alloc(100)]);
    await expect(readImage(heic, "digit", any)).rejects.toThrow(/is a HEIC file, .*heif-convert/);
  });
});

describe("formats that strangers may send", () => {
  it.each([
    ["GIF", () => source().gif().toBuffer()],
    ["TIFF", () => source().tiff().toBuffer()],
    ["AVIF", () => source().avif().toBuffer()],
    ["BMP", async () => bitmap(24, "up")],
  ])("%s is refused", async (_, picture) => {
    expect(await problemOf(await picture())).toBe("format");
  });

  it.each([true, false])("every prefix of a WebP is refused, a flipped bit is read or refused; lossless: %s", async (lossless) => {
    const bytes = await asSharp(plain(stroke(), black, white))
      .webp({ lossless })
      .toBuffer();
    for (let length = 12; length < bytes.length; length++) expect(await problemOf(bytes.subarray(0, length))).toBe("damaged");
    for (let i = 12; i < bytes.length; i++) {
      const flipped = Buffer.from(bytes);
      flipped[i] ^= 1 << (i % 8);
      await problemOf(flipped);
    }
  });

  it("profiles, texts and animation of a WebP never reach the decoder; its header's size is checked first", async () => {
    const bytes = await transparent(big, black).webp().toBuffer();
    const extra = ["ICCP", "XMP ", "junk"].map((type) =>
      Buffer.concat([Buffer.from(type), Buffer.from([0xd0, 7, 0, 0]), Buffer.alloc(2000, 7)]),
    );
    const loaded = Buffer.concat([bytes, ...extra]);
    loaded.writeUInt32LE(loaded.length - 8, 4);
    expect(Buffer.from(stripWebp(loaded).stripped).equals(Buffer.from(stripWebp(bytes).stripped))).toBe(true);
    const animated = Buffer.concat([bytes, Buffer.from("ANMF"), Buffer.from([4, 0, 0, 0]), Buffer.alloc(4)]);
    animated.writeUInt32LE(animated.length - 8, 4);
    expect(await problemOf(animated)).toBe("format");
    const lossless = await asSharp(plain(stroke(), black, white))
      .webp({ lossless: true })
      .toBuffer();
    lossless.writeUInt32LE(0x0fffffff, 21);
    expect(await problemOf(lossless)).toBe("too-large");
  });
});

describe("what decoders only warn of", () => {
  it("a sequential scan that does not say that it holds all coefficients, as some phones write it", async () => {
    const bytes = await source().jpeg({ optimiseCoding: false }).toBuffer();
    const expected = (await readImage(bytes, "digit")).pixels;
    const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
    const end = scan + 2 + bytes.readUInt16BE(scan + 2);
    bytes.fill(0, end - 3, end);
    expect((await readImage(bytes, "digit")).pixels).toEqual(expected);
  });

  it("bytes between a JPEG's segments and in front of its markers", async () => {
    const bytes = await source().jpeg().toBuffer();
    const expected = (await readImage(bytes, "digit")).pixels;
    const tables = bytes.indexOf(Buffer.from([0xff, 0xc0]));
    const between = Buffer.concat([bytes.subarray(0, tables), Buffer.from([0, 1, 2, 0xff]), bytes.subarray(tables)]);
    expect((await readImage(between, "digit")).pixels).toEqual(expected);
    const behind = Buffer.concat([bytes.subarray(0, -2), Buffer.alloc(7), bytes.subarray(-2)]);
    expect((await readImage(behind, "digit")).pixels).toEqual(expected);
  });

  it("a scan that is cut short stays an error, whatever stands behind it", async () => {
    const bytes = await source().jpeg().toBuffer();
    const half = bytes.subarray(0, Math.floor(bytes.length * 0.6));
    expect(await problemOf(Buffer.concat([half, Buffer.from([0xff, 0xd9])]))).toBe("damaged");
    expect(stripJpeg(bytes).width).toBe(big.width);
  });
});
