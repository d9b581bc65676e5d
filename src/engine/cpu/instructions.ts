import { shapeSize } from "../../model/shape.js";
import type { Offset, ThreadOffset } from "../schema/fields.js";
import type { FusedActivation } from "../shared/fusion.js";
import { blocksOf, everySecond, strides, type Tile, type Value, view } from "./layout.js";
import { encodeOp, type OpFields, type OpKind, type StructFields } from "./program/encode.js";
import { constants } from "./program/schema.js";

/** Memory of a thread that an op asks for; the plan gives its place. */
export interface ThreadMemory {
  floats: number;
  offset?: ThreadOffset;
}

/** What is known of an op beside its words, for the plan, the profile and the order of the update. */
interface About {
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
  /** Holds nothing from one op to the next. */
  scratch?: ThreadMemory;
  /** The op's own from a task's first group to its last. */
  sums?: ThreadMemory;
}

/** One op of the program; it is encoded once every value has its place. */
export interface Instruction extends About {
  kind: OpKind;
  encode(header: { id: number; gate: number }): number[];
}

/** @param fields asked when the instruction is encoded */
export function instruction<K extends OpKind>(kind: K, about: About, fields: () => OpFields<K>): Instruction {
  return { ...about, kind, encode: (header) => encodeOp(kind, fields(), header) };
}

/** @param nextId gives an instruction its row in the profile */
export function encodeInstruction(i: Instruction, nextId: (i: Instruction) => number, gate = i.gate ?? constants.noGate): number[] {
  const words = i.encode({ id: nextId(i), gate });
  const followers = (i.followers ?? []).flatMap((next) => encodeInstruction(next, nextId, constants.sameTask));
  return [...words, ...followers];
}

/** @returns where the plan has put it */
export function placed({ offset }: ThreadMemory): ThreadOffset {
  if (offset === undefined) throw new Error("An op's memory was not placed");
  return offset;
}

/** The tables and sums of one batch norm; `sums` is lane 0's. */
export interface Normalizer {
  layer: string;
  channels: number;
  pixels: number;
  tables: Offset;
  sums: () => Offset;
  weight: Offset;
  bias: Offset;
  runningMean: Offset;
  runningVariance: Offset;
}

export type Activation = FusedActivation<Value, Normalizer>;

/** @param result backward: the output, where its sign is to tell what relu let through */
function activationFields(a: Activation, out: Value, result?: Value): StructFields<"Activation"> {
  const [channels, height, width] = a.input.shape;
  const rate = a.dropout?.rate ?? 0;
  return {
    in: view(a.input),
    skip: a.skip && view(a.skip.value),
    out: view(out),
    result: result && view(result),
    height,
    width,
    blocks: blocksOf(a.input),
    channels,
    normalize: a.normalize?.tables,
    skipNormalize: a.skip?.normalize?.tables,
    relu: a.relu ?? false,
    pool: a.pool ?? false,
    dropoutIndex: a.dropout?.index,
    dropoutThreshold: Math.ceil(rate * 2 ** 24),
    dropoutScale: 1 / (1 - rate),
  };
}

function sizeOf({ shape: [, height, width] }: Value): { height: number; width: number } {
  return { height, width };
}

export function gather(out: Value): Instruction {
  return instruction("gather", { values: [out] }, () => ({ out: view(out), ...sizeOf(out) }));
}

export function activate(a: Activation, out: Value): Instruction {
  const values = a.skip ? [a.input, a.skip.value, out] : [a.input, out];
  return instruction("activate", { values }, () => ({ a: activationFields(a, out) }));
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

function backFields(a: Activation, { dOut, result }: Gradients, dInput?: Target, dSkip?: Target): StructFields<"ActivateBackOp"> {
  return {
    a: activationFields(a, dOut, result),
    dIn: dInput && view(dInput.value),
    dSkip: dSkip && view(dSkip.value),
    accumulateDIn: dInput?.accumulate ?? false,
    accumulateDSkip: dSkip?.accumulate ?? false,
    sums: a.normalize?.sums(),
  };
}

export function activateBackReduce(a: Activation, gradients: Gradients): Instruction {
  return instruction("activateBackReduce", { values: backValues(a, gradients) }, () => backFields(a, gradients));
}

export function activateBackApply(a: Activation, gradients: Gradients, dInput?: Target, dSkip?: Target): Instruction {
  const targets = [dInput, dSkip].flatMap((t) => (t ? [t.value] : []));
  const values = [...backValues(a, gradients), ...targets];
  return instruction("activateBackApply", { values, inPlace: true }, () => backFields(a, gradients, dInput, dSkip));
}

export function statistics(z: Value, { sums }: Normalizer): Instruction {
  return instruction("statistics", { values: [z] }, () => ({ in: view(z), ...sizeOf(z), blocks: blocksOf(z), sums: sums() }));
}

export function normalizeFinish(n: Normalizer): Instruction {
  return instruction("normalizeFinish", { values: [] }, () => ({ ...n, sums: n.sums() }));
}

/** @param sums where the pass put its sums @param sumsOfX the row of dy·x̂ in them */
export function normalizeBackFinish(
  { tables, channels, pixels }: Normalizer,
  sums: () => Offset,
  sumsOfX: "dyX" | "dyXOfSkip",
  gradients: () => { weight: Offset; bias: Offset },
): Instruction {
  return instruction("normalizeBackFinish", { values: [] }, () => {
    const { weight, bias } = gradients();
    return { tables, sums: sums(), sumsOfX, channels, pixels, weightGradient: weight, biasGradient: bias };
  });
}

export function normalizeInference(n: Normalizer): Instruction {
  return instruction("normalizeInference", { values: [] }, () => n);
}

export function averagePool(input: Value, out: Value): Instruction {
  return instruction("averagePool", { values: [input, out] }, () => averageFields(input, out));
}

export function averagePoolBack(dInput: Value, dOut: Value): Instruction {
  return instruction("averagePoolBack", { values: [dInput, dOut] }, () => averageFields(dInput, dOut));
}

function averageFields(input: Value, out: Value): StructFields<"AveragePoolOp"> {
  return { in: view(input), out: view(out), ...sizeOf(input), blocks: blocksOf(input) };
}

export function loss(logits: Value, dLogits: Value): Instruction {
  return instruction("loss", { values: [logits, dLogits] }, () => ({ logits: view(logits), dLogits: view(dLogits) }));
}

export function lossFinish(): Instruction {
  return instruction("lossFinish", { values: [] }, () => ({}));
}

export function probabilities(logits: Value): Instruction {
  return instruction("probabilities", { values: [logits] }, () => ({ logits: view(logits) }));
}

export function columnSum(dz: Value, gradient: () => Offset): Instruction {
  return instruction("columnSum", { values: [dz] }, () => ({ in: view(dz), ...sizeOf(dz), blocks: blocksOf(dz), gradient: gradient() }));
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
  weights: Offset;
  bias?: Offset;
  relu?: true;
  accumulate?: boolean;
}

/** Blocks of the input, and the channels of the last one. */
export function blocksAndLast(input: Value): { blocks: number; lastBlock: number } {
  const blocks = blocksOf(input);
  return { blocks, lastBlock: input.shape[0] - (blocks - 1) * input.blockSize };
}

/** The returned instruction reads `d` when it is encoded: relu may still be added to it. */
export function dot(d: Dot): Instruction {
  const { conv } = d;
  const values = [d.input, d.out];
  const epilogue = () => ({ bias: d.bias, relu: d.relu ?? false, accumulate: d.accumulate ?? false });
  const common = { weights: d.weights, tiles: d.tiles };
  if (!conv) {
    const multiplyAdds = shapeSize(d.input.shape) * shapeSize(d.out.shape);
    return instruction("dot", { values, multiplyAdds, whole: true }, () => ({
      ...{ in: view(d.input), out: { ...view(d.out), block: constants.blockChannels }, height: 1, width: 1 }, // written as one vector, whatever its shape
      ...{ rowStep: 0, pixelStep: 0, imagesArePixels: true, blocks: 1, lastBlock: d.inputs, blockSize: d.inputs },
      ...{ ...common, ...epilogue(), taps: [{ x: 0, w: 0 }] },
    }));
  }
  const multiplyAdds = conv.taps.length * d.input.shape[0] * d.out.shape[0] * conv.height * conv.width;
  return instruction("dot", { values, multiplyAdds }, () => {
    const { row, pixel } = strides(d.input);
    return {
      ...{ in: view(d.input), out: conv.part ? everySecond(view(d.out), conv.part) : view(d.out), height: conv.height, width: conv.width },
      ...{ rowStep: row * conv.stride, pixelStep: pixel * conv.stride, imagesArePixels: false },
      ...{ ...blocksAndLast(d.input), blockSize: d.input.blockSize, ...common, ...epilogue() },
      taps: conv.taps.map((t) => ({ x: t.row * row + t.column * pixel, w: t.number * d.inputs })),
    };
  });
}

/** Weight gradient of a convolution. */
export function outer(
  input: Value,
  dz: Value,
  stride: number,
  taps: ConvTap[],
  tiles: readonly Tile[],
  gradient: () => Offset,
): Instruction {
  const multiplyAdds = taps.length * input.shape[0] * shapeSize(dz.shape);
  return instruction("outer", { values: [input, dz], multiplyAdds }, () => {
    const { row, pixel } = strides(input);
    return {
      ...{ in: view(input), out: view(dz), ...sizeOf(dz), rowStep: row * stride, pixelStep: pixel * stride },
      ...{ ...blocksAndLast(input), blockSize: input.blockSize, gradient: gradient(), tiles },
      taps: taps.map((t) => ({ x: t.row * row + t.column * pixel, w: 0 })),
    };
  });
}
