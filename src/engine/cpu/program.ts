import type { OptimizerSettings } from "../../model/optimizers.js";
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

export const optimizerCodes: Record<OptimizerSettings["type"], number> = { adam: 0, sgd: 1, rmsprop: 2 };

/**
 * Learning rates with Adam's bias corrections, 1 − β1^t and √(1 − β2^t) (Kingma and Ba 2015, as in torch.optim.Adam).
 * @param firstStep optimizer steps taken before @returns [steps × 3]
 */
export function rateTable(learningRates: Float32Array, firstStep: number): Float32Array {
  const rates = new Float32Array(3 * learningRates.length);
  learningRates.forEach((rate, i) => {
    const t = firstStep + i + 1;
    rates.set([rate, 1 - 0.9 ** t, Math.sqrt(1 - 0.999 ** t)], 3 * i);
  });
  return rates;
}
