import type { Instruction } from "./instruction.js";

/** Ops between two barriers, and the ops that the last thread to arrive runs alone. */
export interface LoweredPhase {
  instructions: Instruction[];
  finish: Instruction[];
}

export interface Lowered {
  /** Tasks that make the transposed and transformed copies of the weights; the update keeps them current. Empty for inference, which reads training's. */
  preparation: Instruction[];
  /** Phases over images. */
  phases: LoweredPhase[];
  /** Tasks of the update, in the order of their gates; empty for inference. */
  update: Instruction[];
  gates: number;
}
