import type { OptimizerName } from "../model/optimizers.js";

/** The resolved configuration of a run, as stored in run.json: every default filled in, nothing left to guess. */
export type DatasetName = "mnist" | "fashion-mnist" | "synthetic";
export type EngineChoice = "auto" | "native" | "wasm" | "reference" | "cuda" | "tensorflow" | "webgpu";

/** Learning rate over the run; schedule.ts says how each reads. */
export interface ScheduleConfig {
  type: "constant" | "step" | "cosine" | "onecycle";
  /** step: epochs between drops. */
  stepSize: number;
  /** step: factor of each drop. */
  gamma: number;
  /** Epochs (fractional allowed) of linear warm-up from 0. */
  warmup: number;
}

/** Ranges of the random affine augmentation; all absent or zero is none. */
export interface AugmentConfig {
  /** ± degrees */
  rotate: number;
  /** Centre crop of `size` pixels resized to 28, with `probability`. */
  crop?: { size: number; probability: number };
  /** ± pixels in x and in y */
  shift: number;
  /** ± fraction: 0.1 is 0.9–1.1 */
  scale: number;
}

export interface ModelConfig {
  /** Unique in the run; also the folder's name. */
  name: string;
  preset: string;
  /** Widths of the convolutions, where the preset has them as a setting. */
  kernels?: number[];
  /** Rate of every dropout layer; undefined keeps the preset's own. */
  dropout?: number;
  epochs: number;
  batchSize: number;
  learningRate: number;
  optimizer: OptimizerName;
  momentum: number;
  weightDecay: number;
  schedule: ScheduleConfig;
  augment: AugmentConfig;
  /** Epochs without improvement of the test accuracy before stopping; 0 is never. */
  earlyStop: number;
  /** What counts as improvement, as a fraction. */
  minDelta: number;
}

export interface RunConfig {
  run: string;
  dataset: DatasetName;
  limitTrain?: number;
  limitTest?: number;
  /** 32-bit unsigned */
  seed: number;
  engine: EngineChoice;
  /** 0: the cores, 64 at most. */
  threads: number;
  /** The cuda engine multiplies in TensorFloat-32 on tensor cores. */
  tf32?: boolean;
  models: ModelConfig[];
}
