import { shapeSize } from "../../../model/shape.js";
import type { Offset } from "../../schema/fields.js";
import type { FusedActivation, UnfusedPool } from "../../shared/fusion.js";
import { blocksOf, everySecond, type FeatureMap, strides, view } from "../memory/feature-map.js";
import type { Normalizer } from "../memory/store.js";
import type { Tile } from "../memory/tiles.js";
import type { StructFields } from "../program/encode.js";
import { constants } from "../program/schema.js";
import { type Instruction, instruction } from "./instruction.js";
import type { ConvTap } from "./taps.js";

/** The instructions of images, forward and backward; those of the update are in update-ops.ts. */

export type Activation = FusedActivation<FeatureMap, Normalizer>;

/** @param result backward: the output, whose sign tells where relu let through */
function activationFields(a: Activation, out: FeatureMap, result?: FeatureMap): StructFields<"Activation"> {
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

function sizeOf({ shape: [, height, width] }: FeatureMap): { height: number; width: number } {
  return { height, width };
}

export function gather(out: FeatureMap): Instruction {
  return instruction("gather", { maps: [out] }, () => ({ out: view(out), ...sizeOf(out) }));
}

export function activate(a: Activation, out: FeatureMap): Instruction {
  const maps = a.skip ? [a.input, a.skip.value, out] : [a.input, out];
  return instruction("activate", { maps }, () => ({ a: activationFields(a, out) }));
}

/** A gradient to write or to add to. */
export interface Target {
  map: FeatureMap;
  accumulate: boolean;
}

/** Inputs of a backward pass: the gradient of the output, and the output itself where its sign makes the skip superfluous. */
export interface Gradients {
  dOut: FeatureMap;
  result?: FeatureMap;
}

function backValues(a: Activation, { dOut, result }: Gradients): FeatureMap[] {
  const skip = a.skip && (a.skip.normalize || !result) ? [a.skip.value] : [];
  return [a.input, dOut, ...skip, ...(result ? [result] : [])];
}

function backFields(a: Activation, { dOut, result }: Gradients, dInput?: Target, dSkip?: Target): StructFields<"ActivateBackOp"> {
  return {
    a: activationFields(a, dOut, result),
    dIn: dInput && view(dInput.map),
    dSkip: dSkip && view(dSkip.map),
    accumulateDIn: dInput?.accumulate ?? false,
    accumulateDSkip: dSkip?.accumulate ?? false,
    sums: a.normalize?.sums(),
  };
}

export function activateBackReduce(a: Activation, gradients: Gradients): Instruction {
  return instruction("activateBackReduce", { maps: backValues(a, gradients) }, () => backFields(a, gradients));
}

export function activateBackApply(a: Activation, gradients: Gradients, dInput?: Target, dSkip?: Target): Instruction {
  const targets = [dInput, dSkip].flatMap((t) => (t ? [t.map] : []));
  const maps = [...backValues(a, gradients), ...targets];
  return instruction("activateBackApply", { maps, inPlace: true }, () => backFields(a, gradients, dInput, dSkip));
}

export function statistics(z: FeatureMap, { sums }: Normalizer): Instruction {
  return instruction("statistics", { maps: [z] }, () => ({ in: view(z), ...sizeOf(z), blocks: blocksOf(z), sums: sums() }));
}

export function normalizeFinish(n: Normalizer): Instruction {
  return instruction("normalizeFinish", { maps: [] }, () => ({ ...n, sums: n.sums() }));
}

/** @param sums of the backward pass, lane 0's @param sumsOfX the row of dy·x̂ in them */
export function normalizeBackFinish(
  { tables, channels, pixels }: Normalizer,
  sums: () => Offset,
  sumsOfX: "dyX" | "dyXOfSkip",
  gradients: () => { weight: Offset; bias: Offset },
): Instruction {
  return instruction("normalizeBackFinish", { maps: [] }, () => {
    const { weight, bias } = gradients();
    return { tables, sums: sums(), sumsOfX, channels, pixels, weightGradient: weight, biasGradient: bias };
  });
}

export function normalizeInference(n: Normalizer): Instruction {
  return instruction("normalizeInference", { maps: [] }, () => n);
}

export function pool(type: UnfusedPool["type"], input: FeatureMap, out: FeatureMap): Instruction {
  return instruction(type, { maps: [input, out] }, () => ({ ...poolFields(input, out), accumulate: false }));
}

export function poolBack(type: UnfusedPool["type"], { map, accumulate }: Target, dOut: FeatureMap): Instruction {
  return instruction(`${type}Back`, { maps: [map, dOut] }, () => ({ ...poolFields(map, dOut), accumulate }));
}

function poolFields(input: FeatureMap, out: FeatureMap): Omit<StructFields<"PoolOp">, "accumulate"> {
  return { in: view(input), out: view(out), ...sizeOf(input), blocks: blocksOf(input) };
}

export function loss(logits: FeatureMap, dLogits: FeatureMap): Instruction {
  return instruction("loss", { maps: [logits, dLogits] }, () => ({ logits: view(logits), dLogits: view(dLogits) }));
}

export function lossFinish(): Instruction {
  return instruction("lossFinish", { maps: [] }, () => ({}));
}

export function probabilities(logits: FeatureMap): Instruction {
  return instruction("probabilities", { maps: [logits] }, () => ({ logits: view(logits) }));
}

export function columnSum(dz: FeatureMap, gradient: () => Offset): Instruction {
  return instruction("columnSum", { maps: [dz] }, () => ({ in: view(dz), ...sizeOf(dz), blocks: blocksOf(dz), gradient: gradient() }));
}

export interface Dot {
  input: FeatureMap;
  out: FeatureMap;
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
export function blocksAndLast(input: FeatureMap): { blocks: number; lastBlock: number } {
  const blocks = blocksOf(input);
  return { blocks, lastBlock: input.shape[0] - (blocks - 1) * input.blockSize };
}

/** The returned instruction reads `d` when it is encoded: relu may still be added to it. */
export function dot(d: Dot): Instruction {
  const { conv } = d;
  const maps = [d.input, d.out];
  const epilogue = () => ({ bias: d.bias, relu: d.relu ?? false, accumulate: d.accumulate ?? false });
  const common = { weights: d.weights, tiles: d.tiles };
  if (!conv) {
    const multiplyAdds = shapeSize(d.input.shape) * shapeSize(d.out.shape);
    return instruction("dot", { maps, multiplyAdds, whole: true }, () => ({
      ...{ in: view(d.input), out: { ...view(d.out), block: constants.blockChannels }, height: 1, width: 1 }, // written as one vector, whatever its shape
      ...{ rowStep: 0, pixelStep: 0, imagesArePixels: true, blocks: 1, lastBlock: d.inputs, blockSize: d.inputs },
      ...{ ...common, ...epilogue(), taps: [{ x: 0, w: 0 }] },
    }));
  }
  const multiplyAdds = conv.taps.length * d.input.shape[0] * d.out.shape[0] * conv.height * conv.width;
  return instruction("dot", { maps, multiplyAdds }, () => {
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
  input: FeatureMap,
  dz: FeatureMap,
  stride: number,
  taps: ConvTap[],
  tiles: readonly Tile[],
  gradient: () => Offset,
): Instruction {
  const multiplyAdds = taps.length * input.shape[0] * shapeSize(dz.shape);
  return instruction("outer", { maps: [input, dz], multiplyAdds }, () => {
    const { row, pixel } = strides(input);
    return {
      ...{ in: view(input), out: view(dz), ...sizeOf(dz), rowStep: row * stride, pixelStep: pixel * stride },
      ...{ ...blocksAndLast(input), blockSize: input.blockSize, gradient: gradient(), tiles },
      taps: taps.map((t) => ({ x: t.row * row + t.column * pixel, w: 0 })),
    };
  });
}
