import { Encoder } from "../schema/encode.js";
import type { FieldValue, StructValue as ValueOf } from "../schema/fields.js";
import type { KernelArgument, Launch, Module } from "./device.js";
import { addressOf, type View } from "./memory.js";
import { constants, cudaSchema } from "./schema.js";
import { type TileName, tileNames, tiles } from "./tiles.js";

/**
 * Every kernel of native/cuda: how many threads a block has, and its parameters in their order. Launches are checked against this table
 * by the compiler and encoded from it; a test compares it with the PTX.
 *
 * A "pointer" takes a View or null, the structs of schema.ts take their fields, a Divisor the number to divide by.
 */
const forward = {
  x: "pointer",
  w: "pointer",
  y: "pointer",
  g: "Conv",
  pixels: "i32",
  length: "i32",
  bias: "flag",
  isRelu: "flag",
} as const;
const inputGradient = {
  dy: "pointer",
  w: "pointer",
  dx: "pointer",
  mask: "pointer",
  g: "Conv",
  pixels: "i32",
  accumulate: "flag",
} as const;
const weightGradient = {
  x: "pointer",
  dy: "pointer",
  dw: "pointer",
  g: "Conv",
  pixels: "i32",
  length: "i32",
  bias: "flag",
} as const;
const inputs = { run: "pointer", in: "pointer", table: "pointer", skip: "pointer", skipTable: "pointer" } as const;
const activate = { ...inputs, out: "pointer", a: "Activation" } as const;
const activateBack = {
  ...inputs,
  dOut: "pointer",
  dIn: "pointer",
  dSkip: "pointer",
  maskIn: "flag",
  maskSkip: "flag",
  accumulateIn: "flag",
  accumulateSkip: "flag",
  a: "Activation",
} as const;
const activateSums = {
  ...inputs,
  dOut: "pointer",
  dWeight: "pointer",
  dBias: "pointer",
  dSkipWeight: "pointer",
  dSkipBias: "pointer",
  parts: "pointer",
  tickets: "pointer",
  a: "Activation",
} as const;
/** Pools that no activation takes along: their kernels have the names of the layers. */
const pool = { x: "pointer", y: "pointer", g: "Pool", count: "i32" } as const;
const poolBack = { dy: "pointer", dx: "pointer", mask: "pointer", g: "Pool", count: "i32", accumulate: "flag" } as const;
const normalizer = { weight: "pointer", bias: "pointer", runningMean: "pointer", runningVariance: "pointer", table: "pointer" } as const;

/** One kernel for each tile. */
function each<K extends "forward" | "inputGradient" | "weightGradient", P extends Parameters>(kind: K, parameters: P) {
  return Object.fromEntries(
    tileNames.map((tile) => [`${kind}_${tile}`, { threads: tiles[tile].threads, parameters }]),
  ) as unknown as Record<`${K}_${TileName}`, { threads: number; parameters: P }>;
}

export const kernels = {
  gather: { threads: 256, parameters: { run: "pointer", out: "pointer", g: "Patches", scale: "f32", shift: "f32" } },
  ...each("forward", forward),
  ...each("inputGradient", inputGradient),
  ...each("weightGradient", weightGradient),
  combine: {
    threads: 256,
    parameters: { parts: "pointer", bias: "pointer", y: "pointer", outputQuads: "Divisor", quads: "i32", count: "i32", isRelu: "flag" },
  },
  statistics: {
    threads: constants.columnThreads,
    parameters: { x: "pointer", ...normalizer, parts: "pointer", tickets: "pointer", quads: "i32", rows: "i32" },
  },
  runningTable: { threads: 256, parameters: { ...normalizer, channels: "i32" } },
  activate_pixels: { threads: 256, parameters: activate },
  activate_pooled: { threads: 256, parameters: activate },
  activateBack_pixels: { threads: 256, parameters: activateBack },
  activateBack_pooled: { threads: 256, parameters: activateBack },
  activateSums_pixels: { threads: constants.columnThreads, parameters: activateSums },
  activateSums_pooled: { threads: constants.columnThreads, parameters: activateSums },
  globalAveragePool: { threads: 256, parameters: pool },
  globalAveragePoolBack: { threads: 256, parameters: poolBack },
  loss: { threads: constants.lossThreads, parameters: { run: "pointer", logits: "pointer", dLogits: "pointer", images: "i32" } },
  answer: { threads: 256, parameters: { run: "pointer", logits: "pointer", ticket: "pointer", images: "i32" } },
  update: {
    threads: constants.updateThreads,
    parameters: {
      run: "pointer",
      segments: "pointer",
      blocks: "pointer",
      parameters: "pointer",
      slot0: "pointer",
      slot1: "pointer",
      ticket: "pointer",
      optimizer: "Optimizer",
      momentum: "f32",
      weightDecay: "f32",
    },
  },
  gradientSquares: { threads: constants.updateThreads, parameters: { segments: "pointer", blocks: "pointer", sums: "pointer" } },
} as const satisfies Record<string, { threads: number; parameters: Parameters }>;

type Structs = keyof typeof cudaSchema.structs;
type Enums = keyof typeof cudaSchema.enums;
export type ParameterType = "pointer" | "i32" | "u32" | "f32" | "flag" | Enums | Structs;
type Parameters = Readonly<Record<string, ParameterType>>;
type ArgumentValue<T> = T extends "pointer" ? View | null : FieldValue<typeof cudaSchema, T>;
type Fields<P> = { -readonly [F in keyof P]: ArgumentValue<P[F]> };

type KernelName = keyof typeof kernels;
export type Arguments<K extends KernelName> = Fields<(typeof kernels)[K]["parameters"]>;
/** The fields of a struct of native/cuda/program.gen.cuh. */
export type StructValue<N extends Structs> = ValueOf<typeof cudaSchema, N>;

/** One launch of a kernel, planned before there is a device. */
export interface KernelCall {
  /** "conv2 weight gradient" */
  label: string;
  kernel: KernelName;
  grid: readonly [number, number, number];
  args: Readonly<Record<string, unknown>>;
}

/** @param grid blocks along x, y and z */
export function kernelCall<K extends KernelName>(label: string, kernel: K, grid: readonly number[], args: Arguments<K>): KernelCall {
  const [x, y = 1, z = 1] = grid;
  return { label, kernel, grid: [x, y, z], args };
}

/** @returns whether a kernel is a product of matrices, of which there is a version for tensor cores */
export function multiplies(kernel: string): boolean {
  return /^(forward|inputGradient|weightGradient)_/.test(kernel);
}

/** @returns blocks of a kernel that need a thread for each of `count` */
export function blocksFor(kernel: KernelName, count: number): number {
  return Math.ceil(count / kernels[kernel].threads);
}

/** @returns the launch of a call whose buffers have been allocated */
export function encode({ kernel, grid, args }: KernelCall, module: Module): Launch {
  const { threads, parameters } = kernels[kernel];
  return {
    kernel: module.kernel(kernel),
    grid,
    block: [threads, 1, 1],
    args: Object.entries(parameters).map(([name, type]) => argument(type, args[name])),
  };
}

const encoder = new Encoder(cudaSchema);

/** @returns the bytes of structs that lie behind each other in memory */
export function structBytes<N extends Structs>(name: N, values: readonly StructValue<N>[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values.flatMap((value) => encoder.encode(name, value))).buffer);
}

export function structSize(name: Structs): number {
  return 4 * encoder.words(name);
}

function argument(type: ParameterType, value: unknown): KernelArgument {
  if (type === "pointer") return { type, value: value === null ? 0n : addressOf(value as View) };
  if (type === "flag") return { type: "i32", value: value ? 1 : 0 };
  if (type === "i32" || type === "u32" || type === "f32") return { type, value: value as number };
  if (isEnum(type)) return { type: "i32", value: encoder.code(type, value as never) };
  return { type: "struct", value: Uint32Array.from(encoder.encode(type, value as never)) };
}

function isEnum(type: string): type is Enums {
  return type in cudaSchema.enums;
}

/** @returns the bytes that a parameter takes in a launch */
export function parameterBytes(type: ParameterType): number {
  if (type === "pointer") return 8;
  return type in cudaSchema.structs ? structSize(type as Structs) : 4;
}
