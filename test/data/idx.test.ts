import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decompress, encodeIdx, parseIdx } from "../../dist/data/idx.js";

const labels = encodeIdx([4], Uint8Array.of(3, 1, 4, 1));
const images = encodeIdx(
  [2, 2, 3],
  Uint8Array.from({ length: 12 }, (_, i) => i),
);

function changed(bytes: Uint8Array, position: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[position] = value;
  return copy;
}

describe("parseIdx", () => {
  it("reads back the bytes that encodeIdx wrote", () => {
    expect(parseIdx(labels, "labels", { dimensions: [undefined], maximum: 9 })).toEqual({
      dimensions: [4],
      data: Uint8Array.of(3, 1, 4, 1),
    });
    const { dimensions, data } = parseIdx(images, "images", { dimensions: [undefined, 2, 3] });
    expect(dimensions).toEqual([2, 2, 3]);
    expect([...data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it("reads a typed array that does not begin at its buffer's start", () => {
    const shifted = new Uint8Array(labels.length + 3);
    shifted.set(labels, 3);
    expect(parseIdx(shifted.subarray(3), "labels", { dimensions: [4] }).dimensions).toEqual([4]);
  });

  const shape = { dimensions: [4], maximum: 9 };
  it.each([
    ["an empty file", new Uint8Array(0), shape, /found an empty file/],
    ["three bytes", labels.subarray(0, 3), shape, /found 3 bytes/],
    ["a file of another kind", Uint8Array.from(Buffer.from("<html></html>")), shape, /beginning 00000801.*3c68746d/],
    ["another type", changed(labels, 2, 13), shape, /type uint8.*type float32/],
    ["an unknown type", changed(labels, 2, 7), shape, /beginning 00000801.*00000701/],
    ["images where labels belong", images, shape, /expected 1 dimension, found 3/],
    ["a header cut short", images.subarray(0, 10), { dimensions: [2, 2, 3] }, /header of 16 bytes, found a file of 10/],
    ["another count", labels, { dimensions: [5] }, /dimensions 5, found 4/],
    ["another width", images, { dimensions: [undefined, 2, 4] }, /dimensions n×2×4, found 2×2×3/],
    ["no values at all", encodeIdx([0], new Uint8Array(0)), { dimensions: [undefined] }, /dimensions n, found 0/],
    ["values missing", labels.subarray(0, 10), shape, /expected 12 bytes.*found 10/],
    ["values too many", Uint8Array.of(...labels, 0), shape, /expected 12 bytes.*found 13/],
    ["a label beyond the classes", changed(labels, 9, 12), shape, /from 0 to 9, found 12 at position 1/],
  ])("refuses %s, naming the file, the expected value and the found one", (_, bytes, expected, message) => {
    expect(() => parseIdx(bytes, "some/file", expected)).toThrow(message);
    expect(() => parseIdx(bytes, "some/file", expected)).toThrow(/^some\/file: expected .*, found /);
  });
});

describe("decompress", () => {
  const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 2654435761) >>> 24);
  const zipped = gzipSync(content);

  it("passes plain bytes on and unzips gzip", async () => {
    expect(await decompress(labels, 100)).toEqual({ bytes: labels });
    const { bytes, damage } = await decompress(zipped, content.length);
    expect(damage).toBeUndefined();
    expect(Buffer.compare(bytes, content)).toBe(0);
  });

  it("unzips several gzip members in a row", async () => {
    const { bytes } = await decompress(Buffer.concat([gzipSync(content.subarray(0, 70_000)), gzipSync(content.subarray(70_000))]), 1e6);
    expect(Buffer.compare(bytes, content)).toBe(0);
  });

  it("gives the part before the damage of a truncated file, and the reason", async () => {
    const { bytes, damage } = await decompress(zipped.subarray(0, zipped.length >> 1), 1e6);
    expect(damage).toMatch(/truncated/);
    expect(bytes.length).toBeGreaterThan(0);
    expect(bytes.length).toBeLessThan(content.length);
    expect(Buffer.compare(bytes, content.subarray(0, bytes.length))).toBe(0);
  });

  it("refuses altered data as damaged", async () => {
    expect((await decompress(changed(zipped, zipped.length - 6, zipped[zipped.length - 6] ^ 1), 1e6)).damage).toMatch(/damaged/);
  });

  it("stops at the limit of bytes", async () => {
    expect((await decompress(gzipSync(new Uint8Array(1e7)), 1000)).damage).toMatch(/more than 1000 bytes/);
  });
});
