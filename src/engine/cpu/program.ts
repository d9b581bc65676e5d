import { floatWord } from "./instructions.js";

/** The fields of `Program` in native/program.h, in its order. */
const fields = [
  "threads",
  "code",
  "phases",
  "steps",
  "batch",
  "taskImages",
  "threadMemory",
  "threadStride",
  "barrier",
  "gates",
  "images",
  "labels",
  "floatImages",
  "indices",
  "affine",
  "mean",
  "inverseDeviation",
  "loss",
  "correct",
  "probabilities",
  "laneLoss",
  "seed",
  "firstStep",
  "optimizer",
  "momentum",
  "weightDecay",
  "rates",
  "laneStride",
  "sumStride",
  "profile",
  "ops",
  "norms",
] as const;

export type ProgramFields = Record<(typeof fields)[number], number>;

const floats = new Set<string>(["mean", "inverseDeviation", "momentum", "weightDecay"]);
export const programWords = fields.length;
/** Of the contract with native/program.h: kernels that were built for another one are refused. */
export const programVersion = 10;
/** Words of the barrier, and of each counter, of claimed tasks (one a phase and thread) or of tasks past a gate: a cache line each. */
export const barrierWords = 32;
export const counterWords = 16;

export function encodeProgram(program: ProgramFields): number[] {
  return fields.map((name) => (floats.has(name) ? floatWord(program[name]) : program[name]));
}
