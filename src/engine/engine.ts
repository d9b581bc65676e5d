import type { Model } from "../model/model.js";

/**
 * The engine contract. An engine does arithmetic and nothing else: it knows no files, no schedule, no user.
 * The unit of work is a chunk, some whole training steps worth about 50–100 ms, so that neither JavaScript
 * nor a device launch stands between two steps.
 */

/** One part of a dataset. Pixels are rows of 28 bytes, 0 background to 255 ink. */
export interface Split {
  /** uint8 [n, 28, 28] */
  images: Uint8Array;
  /** uint8 [n], 0–9 */
  labels: Uint8Array;
}

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

/** Optimizer settings in PyTorch's meaning (torch.optim.Adam, SGD, RMSprop; weight decay is the L2 term). */
export interface OptimizerSettings {
  type: "adam" | "sgd" | "rmsprop";
  /** SGD and RMSprop; 0 is none. */
  momentum: number;
  /** Added to the gradient as weightDecay × weight. */
  weightDecay: number;
}

export interface Tensor {
  /** PyTorch's shape: convolutions OIHW, dense layers [out, in], flattening in CHW order. */
  shape: readonly number[];
  data: Float32Array;
}

/**
 * Everything a run needs to go on bit for bit. Keys of `tensors`:
 * parameters and batch-norm statistics by PyTorch name ("conv1.weight", "bn1.running_mean");
 * optimizer slots as "SLOT/NAME" with SLOT in PyTorch's words: exp_avg and exp_avg_sq (Adam), momentum_buffer
 * (SGD with momentum, RMSprop with momentum), square_avg (RMSprop).
 */
export interface State {
  /** Optimizer steps taken. */
  step: number;
  tensors: Map<string, Tensor>;
}

export interface SessionOptions {
  model: Model;
  optimizer: OptimizerSettings;
  /** 32-bit unsigned; initial weights, dropout. */
  seed: number;
  /** The largest batch that train() will see. */
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

/** One kind of work in a training step. */
export interface ProfileRow {
  /** "conv2 weight gradient" */
  label: string;
  /** Of all threads together, in one step. */
  seconds: number;
  /** Multiply-adds in one step; 0 for work that is not counted in them. */
  multiplyAdds: number;
}

export interface Profile {
  /** In the order of a step. */
  rows: ProfileRow[];
  /** Floating-point operations a second that one thread can reach, a multiply-add counted as two. */
  peakFlops: number;
}

export interface Session {
  /** Copies the training split; it stays resident until dispose. */
  load(split: Split): void;
  /** As load, but hands out the resident memory for the caller to fill before the next call: no second copy is ever needed. */
  reserve(samples: number): Split;
  /** Runs the chunk's steps in order. One call at a time. */
  train(chunk: Chunk): Promise<ChunkResult>;
  /** Evaluates with running batch-norm statistics and without dropout. */
  evaluate(split: Split): Promise<Evaluation>;
  /** @param images [n × 784] pixels in [0, 1], not yet normalized @returns logits [n × 10] */
  predict(images: Float32Array): Promise<Float32Array>;
  /** Norm of each trainable parameter's gradient in the last step, before weight decay; absent where the engine cannot tell. */
  gradientNorms?(): Map<string, number>;
  /** Trains as train() does and says where the time went; absent where the engine cannot tell. */
  profile?(chunk: Chunk): Promise<Profile>;
  read(): State;
  /** Takes a state of the same model and optimizer; missing slots start at zero. Throws on a missing or misshapen parameter. */
  write(state: State): void;
  /** tensors: how many are alive, where the engine counts them. */
  memory(): { hostBytes: number; deviceBytes?: number; tensors?: number };
  dispose(): Promise<void>;
}

export type EngineName = "native" | "wasm" | "reference" | "cuda" | "tensorflow" | "webgpu";

export interface EngineInfo {
  name: EngineName;
  /** What does the arithmetic, for people: "CPU, AVX-512, 2 threads". */
  device: string;
  /** What the user should know before the first step, one sentence each. */
  notices?: readonly string[];
}

export interface Engine {
  name: EngineName;
  /** One sentence why it cannot run here, or undefined where it can. Never throws. */
  unavailable(): Promise<string | undefined>;
  /** One sentence why `auto` should pass it by although it may run here, quickly known; undefined or absent where nothing speaks against it. */
  discouraged?(): Promise<string | undefined>;
  /** @throws where unavailable() would say why */
  create(options: SessionOptions): Promise<Session & { info: EngineInfo }>;
}
