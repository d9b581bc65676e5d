import type { KernelArgument, Launch, Module } from "./device.js";
import { addressOf, type View } from "./memory.js";
import { type TileName, tileNames, tiles } from "./tiles.js";

/**
 * Every kernel of native/cuda: how many threads a block has, and its parameters in their order. Launches are checked against this table
 * by the compiler and encoded from it; a test compares it with the PTX.
 *
 * "pointer" takes a View or null; a Divisor takes the number to divide by; structs take their fields.
 */
const structs = {
  Patches: {
    inputs: "i32",
    stride: "i32",
    padding: "i32",
    outputPixels: "i32",
    kernel: "Divisor",
    outputWidth: "Divisor",
    quads: "Divisor",
  },
  Conv: {
    inputs: "i32",
    outputs: "i32",
    height: "i32",
    width: "i32",
    kernel: "i32",
    stride: "i32",
    padding: "i32",
    outputHeight: "Divisor",
    outputWidth: "Divisor",
    partHeight: "Divisor",
    partWidth: "Divisor",
    inputQuads: "Divisor",
    outputQuads: "Divisor",
  },
  Activation: {
    height: "i32",
    width: "i32",
    images: "i32",
    isRelu: "i32",
    dropout: "i32",
    dropoutThreshold: "u32",
    dropoutScale: "f32",
    dropoutChannels: "u32",
    dropoutPixels: "u32",
    dropoutMemory: "Divisor",
    quads: "Divisor",
    windowsDown: "Divisor",
    windowsAcross: "Divisor",
  },
} as const;

const forward = {
  x: "pointer",
  w: "pointer",
  y: "pointer",
  g: "Conv",
  pixels: "i32",
  length: "i32",
  bias: "i32",
  isRelu: "i32",
} as const;
const inputGradient = {
  dy: "pointer",
  w: "pointer",
  dx: "pointer",
  mask: "pointer",
  g: "Conv",
  pixels: "i32",
  accumulate: "i32",
} as const;
const weightGradient = {
  x: "pointer",
  dy: "pointer",
  dw: "pointer",
  g: "Conv",
  pixels: "i32",
  length: "i32",
  bias: "i32",
} as const;
const inputs = { run: "pointer", in: "pointer", table: "pointer", skip: "pointer", skipTable: "pointer" } as const;
const activate = { ...inputs, out: "pointer", a: "Activation" } as const;
const activateBack = {
  ...inputs,
  dOut: "pointer",
  dIn: "pointer",
  dSkip: "pointer",
  maskIn: "i32",
  maskSkip: "i32",
  accumulateIn: "i32",
  accumulateSkip: "i32",
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
    parameters: { parts: "pointer", bias: "pointer", y: "pointer", outputQuads: "Divisor", quads: "i32", count: "i32", isRelu: "i32" },
  },
  statistics: {
    threads: 256,
    parameters: { x: "pointer", ...normalizer, parts: "pointer", tickets: "pointer", quads: "i32", rows: "i32" },
  },
  runningTable: { threads: 256, parameters: { ...normalizer, channels: "i32" } },
  activate_pixels: { threads: 256, parameters: activate },
  activate_pooled: { threads: 256, parameters: activate },
  activateBack_pixels: { threads: 256, parameters: activateBack },
  activateBack_pooled: { threads: 256, parameters: activateBack },
  activateSums_pixels: { threads: 256, parameters: activateSums },
  activateSums_pooled: { threads: 256, parameters: activateSums },
  averagePool: { threads: 256, parameters: { x: "pointer", y: "pointer", quads: "Divisor", area: "i32", count: "i32" } },
  averagePoolBack: {
    threads: 256,
    parameters: { dy: "pointer", dx: "pointer", mask: "pointer", quads: "Divisor", area: "Divisor", count: "i32", accumulate: "i32" },
  },
  loss: { threads: 512, parameters: { run: "pointer", logits: "pointer", dLogits: "pointer", images: "i32" } },
  answer: { threads: 256, parameters: { run: "pointer", logits: "pointer", ticket: "pointer", images: "i32" } },
  update: {
    threads: 128,
    parameters: {
      run: "pointer",
      segments: "pointer",
      blocks: "pointer",
      parameters: "pointer",
      slot0: "pointer",
      slot1: "pointer",
      ticket: "pointer",
      optimizer: "i32",
      momentum: "f32",
      weightDecay: "f32",
    },
  },
  gradientSquares: { threads: 128, parameters: { segments: "pointer", blocks: "pointer", sums: "pointer" } },
} as const satisfies Record<string, { threads: number; parameters: Parameters }>;

export type ParameterType = "pointer" | "i32" | "u32" | "f32" | "Divisor" | keyof typeof structs;
type Parameters = Readonly<Record<string, ParameterType>>;
type ArgumentValue<T> = T extends "pointer" ? View | null : T extends keyof typeof structs ? Fields<(typeof structs)[T]> : number;
type Fields<P> = { -readonly [F in keyof P]: ArgumentValue<P[F]> };

export type KernelName = keyof typeof kernels;
export type Arguments<K extends KernelName> = Fields<(typeof kernels)[K]["parameters"]>;
export type StructValue<S extends keyof typeof structs> = Fields<(typeof structs)[S]>;

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

function argument(type: ParameterType, value: unknown): KernelArgument {
  if (type === "pointer") return { type, value: value === null ? 0n : addressOf(value as View) };
  if (type === "i32" || type === "u32" || type === "f32") return { type, value: value as number };
  return { type: "struct", value: words(type, value) };
}

/** @returns the bytes that a parameter takes in a launch */
export function parameterBytes(type: ParameterType): number {
  if (type === "pointer") return 8;
  if (type === "Divisor") return 12;
  if (type === "i32" || type === "u32" || type === "f32") return 4;
  return Object.values(structs[type]).reduce((sum, field) => sum + parameterBytes(field), 0);
}

/** All members of the structs have four bytes, so there are no gaps between them. */
function words(type: ParameterType, value: unknown): Uint32Array {
  switch (type) {
    case "i32":
    case "u32":
      return Uint32Array.of(value as number);
    case "f32":
      return new Uint32Array(Float32Array.of(value as number).buffer);
    case "Divisor":
      return Uint32Array.from(divisor(value as number));
    case "pointer":
      throw new Error("A struct holds no pointers.");
    default: {
      const fields = value as Record<string, unknown>;
      return Uint32Array.from(Object.entries(structs[type]).flatMap(([name, field]) => [...words(field, fields[name])]));
    }
  }
}

/**
 * A division by d as a multiplication, for numerators below 2³¹: n / d = ⌊n · magic / 2³²⌋ / 2^shift with magic = ⌊2^(31 + l) / d⌋ + 1 and
 * l = ⌈log2 d⌉ (Granlund and Montgomery 1994, theorem 4.2). A magic of 0 stands for d = 1.
 * @returns the three members of native/cuda/common.cuh's Divisor
 */
export function divisor(d: number): [divisor: number, magic: number, shift: number] {
  if (d === 1) return [1, 0, 0];
  const l = BigInt(Math.ceil(Math.log2(d)));
  return [d, Number((1n << (31n + l)) / BigInt(d) + 1n), Number(l - 1n)];
}
