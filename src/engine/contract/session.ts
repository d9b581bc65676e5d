import type { Split } from "../../data/split.js";
import type { Model } from "../../model/model.js";
import type { OptimizerSettings } from "../../model/optimizers.js";
import type { Profile } from "./profile.js";
import type { State } from "./state.js";

export interface SessionOptions {
  model: Model;
  optimizer: OptimizerSettings;
  /** 32-bit unsigned; initial weights, dropout. */
  seed: number;
  /** The largest batch that train() will be given. */
  batchSize: number;
  /** Pixels become (pixel / 255 − mean) / std. */
  normalization: { mean: number; std: number };
  /** CPU engines: worker threads, ≥ 1. */
  threads: number;
  /** cuda: products in TensorFloat-32 on tensor cores. */
  tf32?: boolean;
  /** This trainer's number in its run, from 0: with several GPUs, trainers take turns in taking them. */
  trainer?: number;
}

/**
 * Some whole training steps worth about 50–100 ms, the unit of work: neither JavaScript nor a device launch stands between two of them.
 * checkChunk in check.ts states its conditions.
 */
export interface Chunk {
  /** Samples in each step; the last step of an epoch comes as a chunk of its own with the smaller batch. */
  batchSize: number;
  /** [steps × batchSize] indices into the training split */
  indices: Uint32Array;
  /**
   * [steps × batchSize × 6] augmentation: the 2×3 matrix [a b c; d e f] of each sample, from output pixel
   * (x, y) to source pixel (a·x + b·y + c, d·x + e·y + f), sampled bilinearly from the uint8 image with zeros
   * outside. Absent: no augmentation.
   */
  affine?: Float32Array;
  /** [steps] */
  learningRates: Float32Array;
}

export interface ChunkResult {
  /** [steps] mean cross-entropy of each step, in nats, measured before its update */
  loss: Float32Array;
  /** [steps] correct predictions in each step, with dropout on as in training */
  correct: Uint32Array;
}

export interface Evaluation {
  /** Mean cross-entropy over the split, in nats. */
  loss: number;
  /** [n] */
  predictions: Uint8Array;
  /** [n × 10] softmax */
  probabilities: Float32Array;
}

/** One model in training or in use. One call at a time. */
export interface Session {
  /** Copies the training split, which stays resident until dispose(). @throws Error where checkSplit does */
  load(split: Split): void;
  /** As load(), but hands out the resident memory for the caller to fill before the next call: no second copy is ever needed. */
  reserve(samples: number): Split;
  /** Runs the chunk's steps in order. @throws Error where checkChunk does, before the first step */
  train(chunk: Chunk): Promise<ChunkResult>;
  /** Evaluates with running batch-norm statistics and without dropout. @throws Error where checkSplit does */
  evaluate(split: Split): Promise<Evaluation>;
  /**
   * @param images [n × 784] pixels in [0, 1], not yet normalized
   * @returns logits [n × 10]
   * @throws Error where checkImages does
   */
  predict(images: Float32Array): Promise<Float32Array>;
  /** @returns the norm of each trainable parameter's gradient in the last step, before weight decay; no method where the engine cannot tell */
  gradientNorms?(): Map<string, number>;
  /** Trains as train() does and says where the time went; no method where the engine cannot tell. */
  profile?(chunk: Chunk): Promise<Profile>;
  read(): State;
  /** Takes a state of the same model and optimizer; missing slots start at zero. @throws Error where checkState does, and takes nothing then */
  write(state: State): void;
  /** tensors: how many are alive, where the engine counts them. */
  memory(): { hostBytes: number; deviceBytes?: number; tensors?: number };
  dispose(): Promise<void>;
}
