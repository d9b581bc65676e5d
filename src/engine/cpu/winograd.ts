import { shapeSize } from "../../model/shapes.js";
import { blockWords, type Dot, type Instruction, noValue, tileWords } from "./instructions.js";
import { padded, type Tile, type Value, viewWords } from "./layout.js";
import type { Packing } from "./parameters.js";

/** Positions of a transformed 6×6 window, for each of which there is a matrix product; native/winograd.h. */
export const positions = 36;
const taps = 9;
/** Outputs of a tile, along one side. */
const tileSide = 4;
/** Of transformed windows that are worked on at a time: half of a second-level cache of 512 kB. */
const scratchFloats = 65536;
/** Transformed weights of one task: enough work to be worth claiming. */
const weightFloats = 1024;

/** A convolution as the choice of its algorithm sees it. */
export interface Convolution {
  kernelSize: number;
  stride: number;
  inputs: number;
  outputs: number;
  /** Of the output. */
  height: number;
  width: number;
}

/**
 * Whether a convolution gains by Winograd's algorithm. Measured at 8 channels and more it always does; what can eat the gain is a tile that
 * hangs far over the image, and a batch so small that transforming the weights in every step costs more than it saves.
 * MNIST_TUI_CONVOLUTION=direct or winograd decides for all that can.
 * @param batchSize images of a step
 */
export function gainsByWinograd(c: Convolution, batchSize: number): boolean {
  const forced = process.env.MNIST_TUI_CONVOLUTION;
  if (c.kernelSize !== 3 || c.stride !== 1 || c.inputs === 1 || forced === "direct") return false;
  if (forced === "winograd") return true;
  const windows = Math.ceil(c.height / tileSide) * Math.ceil(c.width / tileSide);
  return Math.min(c.inputs, c.outputs) >= 8 && taps * c.height * c.width > 1.5 * positions * windows && batchSize * windows >= 16;
}

/** Windows that are transformed at a time, and the floats that they take. */
function chunkOf(inputs: number, outputs: number, height: number, width: number): { chunk: number; floats: number } {
  const channels = padded(inputs) + padded(outputs);
  const image = Math.ceil(height / tileSide) * Math.ceil(width / tileSide);
  const chunk = Math.max(8, Math.min(16 * image, Math.floor(scratchFloats / (positions * channels))));
  return { chunk, floats: positions * (plane(inputs, chunk) + plane(outputs, chunk)) };
}

/** Floats from one position to the next; native/winograd.h. */
function plane(channels: number, chunk: number): number {
  return padded(1) * (((padded(channels) / padded(1)) * chunk) | 1);
}

function sourceWords(v: Value, origin: number): number[] {
  const [blocks, last] = blockWords(v);
  return [...viewWords(v), v.shape[1], v.shape[2], v.border, origin, blocks, last];
}

/**
 * A convolution, or an input gradient as one, in place of `dot`.
 * @param d as for `dot`, its weights transformed and in tiles of [36][input][vectors × V] @param origin the first tap's row and column
 */
export function convolve(d: Dot, weights: number, origin: number): Instruction {
  const [outputs, height, width] = d.out.shape;
  const { chunk, floats } = chunkOf(d.input.shape[0], outputs, height, width);
  const scratch = { floats, offset: noValue };
  return {
    kind: "winograd",
    values: [d.input, d.out],
    scratch,
    multiplyAdds: taps * d.input.shape[0] * shapeSize(d.out.shape),
    words: () => [
      ...sourceWords(d.input, origin),
      ...viewWords(d.out),
      height,
      width,
      d.bias ?? noValue,
      d.relu ? 1 : 0,
      d.accumulate ? 1 : 0,
      scratch.offset,
      chunk,
      d.tiles.length,
      ...tileWords(d.tiles, weights, positions / taps),
    ],
  };
}

/** Weight gradient of a convolution, in place of `outer`. */
export function outer(input: Value, dz: Value, origin: number, tiles: readonly Tile[], size: number, gradient: () => number): Instruction {
  const [outputs, height, width] = dz.shape;
  const { chunk, floats } = chunkOf(input.shape[0], outputs, height, width);
  const scratch = { floats, offset: noValue };
  const sums = { floats: (positions / taps) * size, offset: noValue };
  return {
    kind: "winogradOuter",
    values: [input, dz],
    scratch,
    sums,
    multiplyAdds: taps * input.shape[0] * shapeSize(dz.shape),
    words: () => [
      ...sourceWords(input, origin),
      ...sourceWords(dz, 0),
      height,
      width,
      gradient(),
      sums.offset,
      scratch.offset,
      chunk,
      tiles.length,
      ...tileWords(tiles, 0),
    ],
  };
}

/**
 * Transforms a layer's weights; each instruction is a task of its own.
 * @param from where they lie, packed as `packing` says @param to where they go, 36/9 times the size @param flip for input gradients
 */
export function transformWeights(packing: Packing, vectorWidth: number, from: number, to: number, flip: boolean): Instruction[] {
  return packing.tiles.flatMap((tile) => {
    const size = packing.inputs * tile.vectors * vectorWidth;
    return Array.from({ length: Math.ceil(size / weightFloats) }, (_, i): Instruction => {
      const first = i * weightFloats;
      const count = Math.min(weightFloats, size - first);
      return {
        kind: "winogradWeights",
        label: "Winograd's weights",
        values: [],
        words: () => [from + tile.weights, to + (positions / taps) * tile.weights, size, first, count, flip ? 1 : 0],
      };
    });
  });
}
