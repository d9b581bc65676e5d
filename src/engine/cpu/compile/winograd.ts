import { type Shape, shapeSize } from "../../../model/shape.js";
import { type Offset, offsetBy } from "../../schema/fields.js";
import { type FeatureMap, padded, view } from "../memory/feature-map.js";
import type { Packing } from "../memory/parameters.js";
import type { Tile } from "../memory/tiles.js";
import { positionsOf, type TileSide, taps, transformedOffset, transformedSize, winogradSides } from "../memory/winograd-weights.js";
import type { StructFields } from "../program/encode.js";
import { type Instruction, instruction, placed, type ThreadMemory } from "./instruction.js";
import { blocksAndLast, type Dot } from "./ops.js";

/** Multiply-adds by which a window of one channel is transformed; its outputs take nearly as many. native/filtering.h. */
const transforms: Record<TileSide, number> = { 3: 100, 4: 144, 5: 294, 7: 648 };
/** Floats of the transformed windows of one chunk: half of a second-level cache of 512 kB. */
const scratchFloats = 65536;
/** Windows of a chunk at the least: for fewer, reading the transformed weights would take longer than multiplying by them. */
const leastWindows = 16;

/** Tiles that cover an image. */
function tilesOver(height: number, width: number, side: TileSide): number {
  return Math.ceil(height / side) * Math.ceil(width / side);
}

/** The properties of a convolution by which its algorithm is chosen. */
interface Convolution {
  kernelSize: number;
  stride: number;
  inputs: number;
  outputs: number;
  /** Of the output. */
  height: number;
  width: number;
}

/** @returns multiply-adds of one image */
function cost(side: TileSide, { inputs, outputs, height, width }: Convolution): number {
  return tilesOver(height, width, side) * (positionsOf(side) * inputs * outputs + transforms[side] * (inputs + outputs));
}

/**
 * The tiles by which a convolution gains from Winograd's algorithm, if it does; an input gradient is a convolution too. From 8 channels on it
 * nearly always gains; a tile that hangs far over the image can eat up the gain, and so can a batch so small that transforming the weights in
 * every step costs more than it saves. MNIST_TUI_CONVOLUTION decides for all convolutions that Winograd's algorithm can compute: direct, winograd,
 * or winograd3, 4, 5 or 7 for tiles of that side.
 * @param batchSize images of a step
 */
export function winogradTile(c: Convolution, batchSize: number): TileSide | undefined {
  const forced = process.env.MNIST_TUI_CONVOLUTION;
  if (c.kernelSize !== 3 || c.stride !== 1 || c.inputs === 1 || forced === "direct") return undefined;
  const side = winogradSides.find((s) => forced === `winograd${s}`) ?? winogradSides.reduce((a, b) => (cost(b, c) < cost(a, c) ? b : a));
  if (forced?.startsWith("winograd")) return side;
  const pixels = c.height * c.width;
  const gains = taps * pixels * c.inputs * c.outputs > 1.5 * cost(side, c);
  return gains && Math.min(c.inputs, c.outputs) >= 8 && batchSize * pixels >= 256 ? side : undefined;
}

/** The chunk of an op: the windows that it transforms at a time, the memory that they take, and the images that give the smallest chunk. */
function chunkOf(side: TileSide, inputs: number, [outputs, height, width]: Shape) {
  const channels = padded(inputs) + padded(outputs);
  const windows = tilesOver(height, width, side);
  const chunk = Math.max(leastWindows, Math.min(16 * windows, Math.floor(scratchFloats / (positionsOf(side) * channels))));
  const scratch: ThreadMemory = { floats: positionsOf(side) * channels * (chunk | 1) };
  return { chunk, scratch, leastImages: Math.ceil(leastWindows / windows) };
}

function source(map: FeatureMap, origin: number): StructFields<"WinogradSource"> {
  const [, height, width] = map.shape;
  return { view: view(map), height, width, border: map.border, origin, ...blocksAndLast(map) };
}

/**
 * A convolution, or an input gradient as one, in place of `dot`.
 * @param d as for `dot` @param weights where the transformed ones lie, in tiles of [position][input][vectors × V]
 * @param origin the first tap's row and column
 */
export function convolve(d: Dot, side: TileSide, weights: Offset, origin: number): Instruction {
  const [, height, width] = d.out.shape;
  const { chunk, scratch, leastImages } = chunkOf(side, d.input.shape[0], d.out.shape);
  const multiplyAdds = taps * d.input.shape[0] * shapeSize(d.out.shape);
  return instruction("winograd", { leastImages, maps: [d.input, d.out], scratch, multiplyAdds }, () => ({
    ...{ tileSide: side, in: source(d.input, origin), out: view(d.out), height, width },
    ...{ weights, bias: d.bias, relu: d.relu ?? false, accumulate: d.accumulate ?? false, scratch: placed(scratch), chunk },
    tiles: d.tiles.map((tile, t) => ({ ...tile, weights: transformedOffset(side, tile.weights, t) })),
  }));
}

/** Weight gradient of a convolution, in place of `outer`. */
export function outer(
  input: FeatureMap,
  dz: FeatureMap,
  side: TileSide,
  origin: number,
  tiles: readonly Tile[],
  size: number,
  gradient: () => Offset,
): Instruction {
  const [, height, width] = dz.shape;
  const { chunk, scratch, leastImages } = chunkOf(side, input.shape[0], dz.shape);
  const sums: ThreadMemory = { floats: transformedSize(side, size, tiles) };
  const multiplyAdds = taps * input.shape[0] * shapeSize(dz.shape);
  return instruction("winogradOuter", { leastImages, maps: [input, dz], scratch, sums, multiplyAdds }, () => ({
    ...{ tileSide: side, in: source(input, origin), out: source(dz, 0), height, width },
    ...{ gradient: gradient(), sums: placed(sums), scratch: placed(scratch), chunk, tiles },
  }));
}

/** A layer's weights, or their transposed copy for the input gradient, and their transformed form. */
export interface Transformed {
  which: "forward" | "transposed";
  side: TileSide;
  packing: Packing;
  /** Where they lie, packed so, and where the transformed ones do, larger by `transformedSize`. */
  from: Offset;
  to: Offset;
}

/** Floats [column, column + columns) of rows [row, row + rows) of a tile's [input][vectors × V]. */
interface Block {
  tile: number;
  row: number;
  rows: number;
  column: number;
  columns: number;
}

function transform({ which, side, packing, from, to }: Transformed, vectorWidth: number, block: Block): Instruction {
  const tile = packing.tiles[block.tile];
  const width = tile.vectors * vectorWidth;
  const { row, rows, column, columns } = block;
  return instruction("winogradWeights", { label: "Winograd's weights", maps: [] }, () => ({
    ...{ tileSide: side, from: offsetBy(from, tile.weights), to: offsetBy(to, transformedOffset(side, tile.weights, block.tile)) },
    ...{ size: packing.inputs * width, width, row, rows, column, columns, flip: which === "transposed" },
  }));
}

/**
 * Transforms some of the weights.
 * @param tile of the weights, not of the copy @param inputs which of its rows; in the copy they are columns, from a whole vector on
 */
export function transformWeights(t: Transformed, vectorWidth: number, tile: Tile, inputs: { first: number; count: number }): Instruction[] {
  const { tiles } = t.packing;
  const { first, count } = inputs;
  const outputs = { first: tile.first * vectorWidth, count: tile.vectors * vectorWidth };
  if (t.which === "forward") {
    const block = { tile: tiles.findIndex((own) => own.first === tile.first), row: first, rows: count, column: 0, columns: outputs.count };
    return [transform(t, vectorWidth, block)];
  }
  const rows = Math.min(outputs.count, t.packing.inputs - outputs.first);
  return tiles.flatMap((own, index) => {
    const begin = own.first * vectorWidth;
    const column = Math.max(first - begin, 0);
    const end = Math.min(Math.ceil((first + count) / vectorWidth) * vectorWidth - begin, own.vectors * vectorWidth);
    return column < end ? [transform(t, vectorWidth, { tile: index, row: outputs.first, rows, column, columns: end - column })] : [];
  });
}
