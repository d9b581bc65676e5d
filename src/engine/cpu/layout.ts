import type { Shape } from "../../model/shape.js";
import type { Offset, ThreadOffset } from "../schema/fields.js";
import type { StructFields } from "./program/encode.js";
import { constants } from "./program/schema.js";

const { blockChannels, mostTileVectors } = constants;

/** @returns n rounded up to whole blocks, in channels or floats alike */
export function padded(n: number): number {
  return Math.ceil(n / blockChannels) * blockChannels;
}

/** Neighbouring output vectors whose weights lie together; one register tile wide. */
export type Tile = StructFields<"Tile">;

/**
 * Vectors of a dense layer's widest tiles. A task of a small batch has eight images (session.ts): by four vectors of AVX-512 they do not fit the
 * registers and read the weights, which are far larger than the first cache, twice; by three they do. Where there are more images, reading them
 * once more for the weight gradient costs as much.
 */
export function widestDenseTile(batchSize: number, vectorWidth: number): number {
  return vectorWidth === 16 && batchSize >= 8 && batchSize <= 128 ? 3 : mostTileVectors;
}

/**
 * Cuts the outputs of a layer into tiles of at most `most` vectors, as even as possible; where four vectors are a block, into blocks
 * (vectorsTogether in native/outer.h).
 * @param rows input channels times taps: the rows of weights in a tile
 */
export function tilesOf(outputs: number, rows: number, vectorWidth: number, most: number): Tile[] {
  const vectors = Math.ceil(outputs / vectorWidth);
  const count = Math.ceil(vectors / most);
  const tiles: Tile[] = [];
  let first = 0;
  for (let i = 0; i < count; i++) {
    const even = Math.floor(vectors / count) + (i < vectors % count ? 1 : 0);
    const width = vectorWidth * mostTileVectors === blockChannels ? Math.min(mostTileVectors, vectors - first) : even;
    tiles.push({ vectors: width, first, weights: first * vectorWidth * rows });
    first += width;
  }
  return tiles;
}

/** @returns floats that the tiles' weights take, in whole blocks */
export function tilesSize(tiles: readonly Tile[], rows: number, vectorWidth: number): number {
  const last = tiles[tiles.length - 1];
  return padded((last.first + last.vectors) * vectorWidth * rows);
}

export type View = StructFields<"View">;
export type Scope = View["scope"];

/**
 * An activation or a gradient, laid out as [block][row + border][column + border][16] for every image. The input image of a
 * convolution has blocks of one channel instead.
 */
export interface Value {
  name: string;
  shape: Shape;
  /** Pixels of zeros on every side; grows while ops that need one are added. */
  border: number;
  blockSize: 1 | 16;
  /** A dense layer reads or writes it as one vector: no border. */
  flat?: true;
  /** Given by the plan: where it lies, and floats from one image's place to the next. */
  scope?: Scope;
  offset?: Offset | ThreadOffset;
  slot?: number;
}

export function value(name: string, shape: Shape, blockSize: 1 | 16 = 16): Value {
  return { name, shape, border: 0, blockSize };
}

export function blocksOf(v: Value): number {
  return Math.ceil(v.shape[0] / v.blockSize);
}

/** Floats from one pixel to the next, one row to the next, one block to the next, one image to the next. */
export function strides(v: Value): { pixel: number; row: number; block: number; image: number } {
  const [, height, width] = v.shape;
  const pixel = v.blockSize;
  const row = (width + 2 * v.border) * pixel;
  const block = (height + 2 * v.border) * row;
  return { pixel, row, block, image: padded(blocksOf(v) * block) };
}

/** @returns where it lies, as an op has it */
export function view(v: Value): View {
  if (v.scope === undefined || v.offset === undefined) throw new Error(`${v.name} was not placed`);
  const { image, block, row, pixel } = strides(v);
  return { scope: v.scope, offset: v.offset + v.border * (row + pixel), image: v.slot ?? image, block, row, pixel };
}

/** Every second pixel from (row, column): where a strided convolution's input gradient writes one of its four parts. */
export function everySecond(v: View, { row, column }: { row: number; column: number }): View {
  return { ...v, offset: v.offset + row * v.row + column * v.pixel, row: 2 * v.row, pixel: 2 * v.pixel };
}

/**
 * Where element i of PyTorch's flattening (channel, row, column) lies in our flattening of a value without border.
 * @returns [channels × height × width]
 */
export function flattenOrder(v: Value): Int32Array {
  const [channels, height, width] = v.shape;
  const order = new Int32Array(channels * height * width);
  const s = strides(v);
  let i = 0;
  for (let c = 0; c < channels; c++) {
    const base = Math.floor(c / v.blockSize) * s.block + (c % v.blockSize);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) order[i++] = base + y * s.row + x * s.pixel;
    }
  }
  return order;
}
