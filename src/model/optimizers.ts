/**
 * The optimizers of torch.optim, once: settings, engines, the headers of native/ and stored states all read this table. The formulas are each
 * engine's own. This file imports nothing, so that a build script can load it.
 */
interface Optimizer {
  /** Slots of every trainable parameter beside that of a momentum, in PyTorch's words and in the order in which the kernels take them. */
  slots: readonly string[];
  /** Whether it takes a momentum, with which it keeps one slot more. */
  takesMomentum: boolean;
  /** Of its formula: decay rates of the averages in its slots (`beta1`, `beta2`, `alpha`) and `epsilon`, as PyTorch defaults to. */
  constants: Readonly<Record<string, number>>;
  /** Where the user chooses none: PyTorch's default for Adam, the usual smaller one for RMSprop, 0.01 with momentum for SGD. */
  learningRate: number;
  momentum: number;
}

const adam = {
  slots: ["exp_avg", "exp_avg_sq"],
  takesMomentum: false,
  constants: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  learningRate: 0.001,
  momentum: 0,
} as const satisfies Optimizer;

const sgd = { slots: [], takesMomentum: true, constants: {}, learningRate: 0.01, momentum: 0.9 } as const satisfies Optimizer;

const rmsprop = {
  slots: ["square_avg"],
  takesMomentum: true,
  constants: { alpha: 0.99, epsilon: 1e-8 },
  learningRate: 0.001,
  momentum: 0,
} as const satisfies Optimizer;

export const optimizers = { adam, sgd, rmsprop } as const;

export type OptimizerName = keyof typeof optimizers;
export const optimizerNames = Object.keys(optimizers) as OptimizerName[];

/** The slot of a momentum, in PyTorch's words. */
export const momentumSlot = "momentum_buffer";

/** Optimizer settings in PyTorch's meaning (torch.optim.Adam, SGD, RMSprop). */
export interface OptimizerSettings {
  type: OptimizerName;
  /** Of an optimizer that takes one; 0 is none. */
  momentum: number;
  /** L2: added to the gradient as weightDecay × weight. */
  weightDecay: number;
}

/** @returns the slots that an optimizer keeps for every trainable parameter, in the order in which the kernels take them */
export function slotNames({ type, momentum }: Pick<OptimizerSettings, "type" | "momentum">): string[] {
  const { slots, takesMomentum } = optimizers[type];
  return takesMomentum && momentum > 0 ? [...slots, momentumSlot] : [...slots];
}
