import { shapeSize } from "../../model/shape.js";
import type { FusedActivation } from "../shared/fusion.js";
import { blockChannels, blocksOf, everySecond, strides, type Tile, type Value, viewWords } from "./layout.js";

/** Op codes of native/program.h. */
const kinds = {
  gather: 1,
  dot: 2,
  outer: 3,
  activate: 4,
  activateBackReduce: 5,
  activateBackApply: 6,
  statistics: 7,
  averagePool: 8,
  averagePoolBack: 9,
  loss: 10,
  columnSum: 11,
  normalizeFinish: 12,
  normalizeBackFinish: 13,
  normalizeInference: 14,
  lossFinish: 15,
  updateLanes: 16,
  updateDense: 17,
  probabilities: 18,
  winograd: 19,
  winogradOuter: 20,
  winogradWeights: 21,
  transpose: 22,
} as const;

/** One op of the program; its words are made once every value has its place. */
export interface Instruction {
  kind: keyof typeof kinds;
  /** What it does, for the profile: "conv2 forward"; given by whoever emits it. */
  label?: string;
  /** Update: the parameter that it changes. */
  parameter?: string;
  /** The gate that a task of images passes behind it, or that all of them must have passed before this task of the update. */
  gate?: number;
  /** Update: what the same task does then. */
  followers?: Instruction[];
  /** Multiply-adds of one image, where they are what the op is about. */
  multiplyAdds?: number;
  values: Value[];
  /** Reads every element before it writes the one in its place: what it writes may lie where something it reads lay. */
  inPlace?: boolean;
  /** Wants all images of a task at once: a dense layer, whose weights are far larger than an image. */
  whole?: boolean;
  /** What it reads besides its images is so large that it wants at least this many of them at a time. */
  leastImages?: number;
  /** Memory of the thread that holds nothing from one op to the next; the plan gives its place. */
  scratch?: { floats: number; offset: number };
  /** Memory of the thread that is the op's own from a task's first group to its last; the plan gives its place. */
  sums?: { floats: number; offset: number };
  words(): number[];
}

/** In place of an op's gate; native/program.h. */
const sameTask = -2;

/** @param nextId gives an instruction its row in the profile */
export function encodeInstruction(i: Instruction, nextId: (i: Instruction) => number, gate = i.gate ?? noValue): number[] {
  const words = i.words();
  const { followers = [] } = i;
  return [
    kinds[i.kind],
    words.length + 4,
    nextId(i),
    gate,
    ...words,
    ...followers.flatMap((next) => encodeInstruction(next, nextId, sameTask)),
  ];
}

const floatView = new Float32Array(1);
const intView = new Int32Array(floatView.buffer);
/** @returns the bits of a float32 as a signed word */
export function floatWord(x: number): number {
  floatView[0] = x;
  return intView[0];
}

/** The tables and sums of one batch norm, as offsets in floats; `sums` counts from lane 0's. */
export interface Normalizer {
  layer: string;
  channels: number;
  pixels: number;
  tables: number;
  sums: () => number;
  weight: number;
  bias: number;
  runningMean: number;
  runningVariance: number;
}

export type Activation = FusedActivation<Value, Normalizer>;

const noView = [0, 0, 0, 0, 0, 0];
export const noValue = -1;

/** @param result backward: the output, where its sign is to tell what relu let through */
function activationWords(a: Activation, out: Value, result?: Value): number[] {
  const [channels, height, width] = a.input.shape;
  return [
    ...viewWords(a.input),
    ...(a.skip ? viewWords(a.skip.value) : noView),
    ...viewWords(out),
    ...(result ? viewWords(result) : noView),
    height,
    width,
    blocksOf(a.input),
    channels,
    a.normalize?.tables ?? noValue,
    a.skip?.normalize?.tables ?? noValue,
    a.skip ? 1 : 0,
    result ? 1 : 0,
    a.relu ? 1 : 0,
    a.pool ? 1 : 0,
    a.dropout?.index ?? noValue,
    Math.ceil((a.dropout?.rate ?? 0) * 16777216),
    floatWord(1 / (1 - (a.dropout?.rate ?? 0))),
  ];
}

export function gather(out: Value): Instruction {
  return { kind: "gather", values: [out], words: () => [...viewWords(out), out.shape[1], out.shape[2]] };
}

export function activate(a: Activation, out: Value): Instruction {
  const values = a.skip ? [a.input, a.skip.value, out] : [a.input, out];
  return { kind: "activate", values, words: () => activationWords(a, out) };
}

/** A gradient to write or to add to. */
export interface Target {
  value: Value;
  accumulate: boolean;
}

/** What a backward pass reads: the gradient of the output, and the output itself where that spares it the skip. */
export interface Gradients {
  dOut: Value;
  result?: Value;
}

function backValues(a: Activation, { dOut, result }: Gradients): Value[] {
  const skip = a.skip && (a.skip.normalize || !result) ? [a.skip.value] : [];
  return [a.input, dOut, ...skip, ...(result ? [result] : [])];
}

function backWords(a: Activation, { dOut, result }: Gradients, dInput: Target | undefined, dSkip: Target | undefined): number[] {
  const target = (t?: Target) => [t ? 1 : 0, t?.accumulate ? 1 : 0];
  return [
    ...activationWords(a, dOut, result),
    ...(dInput ? viewWords(dInput.value) : noView),
    ...(dSkip ? viewWords(dSkip.value) : noView),
    ...target(dInput),
    ...target(dSkip),
    a.normalize?.sums() ?? 0,
  ];
}

export function activateBackReduce(a: Activation, gradients: Gradients): Instruction {
  return { kind: "activateBackReduce", values: backValues(a, gradients), words: () => backWords(a, gradients, undefined, undefined) };
}

export function activateBackApply(a: Activation, gradients: Gradients, dInput?: Target, dSkip?: Target): Instruction {
  const targets = [dInput, dSkip].flatMap((t) => (t ? [t.value] : []));
  return {
    kind: "activateBackApply",
    inPlace: true,
    values: [...backValues(a, gradients), ...targets],
    words: () => backWords(a, gradients, dInput, dSkip),
  };
}

export function statistics(z: Value, n: Normalizer): Instruction {
  return { kind: "statistics", values: [z], words: () => [...viewWords(z), z.shape[1], z.shape[2], blocksOf(z), n.sums()] };
}

export function normalizeFinish(n: Normalizer): Instruction {
  return {
    kind: "normalizeFinish",
    values: [],
    words: () => [n.tables, n.sums(), n.channels, n.pixels, n.weight, n.bias, n.runningMean, n.runningVariance],
  };
}

/** @param sums where the pass put its sums @param row of dy·x̂ in them: 1, or 2 for the normalizer of the skip */
export function normalizeBackFinish(
  n: Normalizer,
  sums: () => number,
  row: 1 | 2,
  gradients: () => { weight: number; bias: number },
): Instruction {
  return {
    kind: "normalizeBackFinish",
    values: [],
    words: () => [n.tables, sums(), row, n.channels, n.pixels, gradients().weight, gradients().bias],
  };
}

export function normalizeInference(n: Normalizer): Instruction {
  return {
    kind: "normalizeInference",
    values: [],
    words: () => [n.tables, n.channels, n.weight, n.bias, n.runningMean, n.runningVariance],
  };
}

export function averagePool(input: Value, out: Value): Instruction {
  return {
    kind: "averagePool",
    values: [input, out],
    words: () => [...viewWords(input), ...viewWords(out), input.shape[1], input.shape[2], blocksOf(input)],
  };
}

export function averagePoolBack(dInput: Value, dOut: Value): Instruction {
  return { ...averagePool(dInput, dOut), kind: "averagePoolBack" };
}

export function loss(logits: Value, dLogits: Value): Instruction {
  return { kind: "loss", values: [logits, dLogits], words: () => [...viewWords(logits), ...viewWords(dLogits)] };
}

export function lossFinish(): Instruction {
  return { kind: "lossFinish", values: [], words: () => [] };
}

export function probabilities(logits: Value): Instruction {
  return { kind: "probabilities", values: [logits], words: () => [...viewWords(logits), ...noView] };
}

export function columnSum(dz: Value, gradient: () => number): Instruction {
  return { kind: "columnSum", values: [dz], words: () => [...viewWords(dz), dz.shape[1], dz.shape[2], blocksOf(dz), gradient()] };
}

/** A tap: how many input rows and columns it lies from the output's pixel, and its number in the weights. */
export interface ConvTap {
  row: number;
  column: number;
  number: number;
}

export interface Dot {
  input: Value;
  out: Value;
  /** Convolution: absent for a dense layer, whose pixels are the group's images. */
  conv?: {
    stride: number;
    taps: ConvTap[];
    /** Output pixels written; only every second one from `part` where a strided convolution's input gradient is cut in four. */
    height: number;
    width: number;
    part?: { row: number; column: number };
  };
  /** Rows of one tap in the weights. */
  inputs: number;
  tiles: readonly Tile[];
  weights: number;
  bias?: number;
  relu?: true;
  accumulate?: boolean;
}

export function tileWords(tiles: readonly Tile[], weights: number): number[] {
  return tiles.flatMap((t) => [t.vectors, t.first, weights + t.weights]);
}

/** Blocks of the input, the channels of the last one, and of the others. */
export function blockWords(input: Value): number[] {
  const blocks = blocksOf(input);
  return [blocks, input.shape[0] - (blocks - 1) * input.blockSize, input.blockSize];
}

/** The returned instruction reads `d` when it is encoded: relu may still be added to it. */
export function dot(d: Dot): Instruction {
  return {
    kind: "dot",
    values: [d.input, d.out],
    multiplyAdds: d.conv
      ? d.conv.taps.length * d.input.shape[0] * d.out.shape[0] * d.conv.height * d.conv.width
      : shapeSize(d.input.shape) * shapeSize(d.out.shape),
    whole: !d.conv,
    words: () => {
      const { conv } = d;
      const s = strides(d.input);
      const out = viewWords(d.out);
      if (!conv) out[3] = blockChannels; // a dense layer writes one vector, whatever shape its output has
      const taps = conv ? conv.taps.flatMap((t) => [t.row * s.row + t.column * s.pixel, t.number * d.inputs]) : [0, 0];
      return [
        ...viewWords(d.input),
        ...(conv?.part ? everySecond(out, conv.part.row, conv.part.column) : out),
        conv?.height ?? 1,
        conv?.width ?? 1,
        conv ? s.row * conv.stride : 0,
        conv ? s.pixel * conv.stride : 0,
        conv ? 0 : 1,
        ...(conv ? blockWords(d.input) : [1, d.inputs, d.inputs]),
        d.bias ?? noValue,
        d.relu ? 1 : 0,
        d.accumulate ? 1 : 0,
        taps.length / 2,
        d.tiles.length,
        ...taps,
        ...tileWords(d.tiles, d.weights),
      ];
    },
  };
}

/** Weight gradient of a convolution. */
export function outer(
  input: Value,
  dz: Value,
  stride: number,
  taps: ConvTap[],
  tiles: readonly Tile[],
  gradient: () => number,
): Instruction {
  return {
    kind: "outer",
    values: [input, dz],
    multiplyAdds: taps.length * input.shape[0] * shapeSize(dz.shape),
    words: () => {
      const s = strides(input);
      return [
        ...viewWords(input),
        ...viewWords(dz),
        dz.shape[1],
        dz.shape[2],
        s.row * stride,
        s.pixel * stride,
        ...blockWords(input),
        gradient(),
        taps.length,
        tiles.length,
        ...taps.flatMap((t) => [t.row * s.row + t.column * s.pixel, 0]),
        ...tileWords(tiles, 0),
      ];
    },
  };
}
