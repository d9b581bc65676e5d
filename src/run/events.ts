/**
 * The events of a trainer. Every view of a run is a pure function of them; events.jsonl holds them one a line.
 * `time` is milliseconds since the Unix epoch: a clock that can be set back and forth, so it says neither how long anything took nor which
 * event of a log came first. Durations are measured with the trainer's monotonic clock. Accuracies are fractions in [0, 1]; losses mean cross-entropy in nats.
 */
interface Base {
  run: string;
  /** The model's name within the run: "simple", or "simple-2" where a preset stands twice. */
  model: string;
  time: number;
}

/** First event of a trainer; a resumed run has another one. */
export interface StartEvent extends Base {
  type: "start";
  preset: string;
  parameters: number;
  engine: string;
  device: string;
  threads: number;
  dataset: string;
  trainSamples: number;
  testSamples: number;
  epochs: number;
  batchSize: number;
  stepsPerEpoch: number;
  optimizer: string;
  learningRate: number;
  classNames: string[];
  pid: number;
  /** Engines that would have come first and why each cannot run here, one sentence each. */
  refused?: { name: string; reason: string }[];
  /** Step the run continues from; 0 for a new run. */
  step: number;
}

/** One chunk of steps; loss and accuracy are means over the chunk, `step` counts steps done since the run began. */
export interface StepEvent extends Base {
  type: "step";
  /** Fractional: 1.5 is the middle of the second epoch. */
  epoch: number;
  step: number;
  loss: number;
  accuracy: number;
  learningRate: number;
  imagesPerSecond: number;
  batchesPerSecond: number;
  /** Training time of the whole run up to this step, without evaluations and pauses; absent in logs of earlier versions. */
  seconds?: number;
}

export interface EvalEvent extends Base {
  type: "eval";
  epoch: number;
  step: number;
  testLoss: number;
  testAccuracy: number;
  /** 10×10 counts, rows true, columns predicted. */
  confusion: number[][];
  /**
   * Which test images were read wrong, so that networks can be compared image by image: base64 of ceil(testSamples / 8) bytes, image i
   * being bit i % 8 (the lowest is 0) of byte i >> 3. Absent in logs of earlier versions.
   */
  wrong?: string;
  /** Duration of the evaluation. */
  seconds: number;
}

/** After every epoch's evaluation; loss and accuracy are means over the epoch's training steps. */
export interface EpochEvent extends Base {
  type: "epoch";
  epoch: number;
  step: number;
  loss: number;
  accuracy: number;
  testLoss: number;
  testAccuracy: number;
  learningRate: number;
  imagesPerSecond: number;
  /** Training time of the epoch, without evaluation and pauses. */
  seconds: number;
  /** This evaluation is the best so far. */
  best: boolean;
}

export interface Sample {
  /** Index in the test split. */
  index: number;
  label: number;
  prediction: number;
  probabilities: number[];
  /** 784 bytes, base64. */
  pixels: string;
}

export interface SamplesEvent extends Base {
  type: "samples";
  epoch: number;
  step: number;
  samples: Sample[];
}

/** After every evaluation: the test images that tell most about the remaining mistakes, at most 20 each. */
export interface MistakesEvent extends Base {
  type: "mistakes";
  epoch: number;
  step: number;
  /** Wrong predictions, the most confident first. */
  worst: Sample[];
  /** Smallest lead of the best class over the second, right or wrong, the smallest first. */
  uncertain: Sample[];
}

export interface LayerStatistics {
  /** PyTorch name where it has one ("conv1"), else its type ("relu"). */
  name: string;
  /** For people: "conv 3×3, 16", "max pool 2×2". */
  description: string;
  /** [channels, height, width] */
  output: number[];
  /** Trainable ones; 0 for layers without. */
  parameters: number;
  /** Euclidean norm of the layer's trainable parameters. */
  weightNorm?: number;
  /** Euclidean norm of their gradient in the last training step, where the engine tells. */
  gradientNorm?: number;
}

/** Before the first step and after every evaluation. */
export interface LayersEvent extends Base {
  type: "layers";
  epoch: number;
  step: number;
  /** In execution order. */
  layers: LayerStatistics[];
  /** First convolution: `count` filters of size × size weights (input channel 0), [count × size × size]. */
  filters?: { count: number; size: number; values: number[] };
}

/** About once a second. */
export interface DeviceEvent extends Base {
  type: "device";
  /** Resident set of the trainer, bytes. */
  hostBytes: number;
  /** 100 is one core. */
  cpuPercent: number;
  /** Memory of the trainer on its device, bytes. */
  deviceBytes?: number;
  /** The part of it that the engine itself accounts for, and in how many tensors. */
  engineBytes?: number;
  tensors?: number;
  /** The whole machine's memory, bytes. */
  machine?: { memoryUsed: number; memoryTotal: number };
  /** Empty where none is seen; absent as long as its driver has not answered. */
  gpus?: { name: string; memoryUsed: number; memoryTotal: number; utilization?: number; temperature?: number; power?: number }[];
}

interface CheckpointEvent extends Base {
  type: "checkpoint";
  kind: "best" | "last";
  epoch: number;
  step: number;
  path: string;
}

interface PauseEvent extends Base {
  type: "pause" | "resume";
  step: number;
}

export interface LogEvent extends Base {
  type: "log";
  level: "info" | "warning" | "error";
  message: string;
}

export interface DoneEvent extends Base {
  type: "done";
  /** completed: all epochs; early-stop: no improvement; stopped: by the user, this model; interrupted: by the user or a signal, resumable. */
  reason: "completed" | "early-stop" | "stopped" | "interrupted";
  epoch: number;
  step: number;
  testAccuracy?: number;
  bestTestAccuracy?: number;
  bestEpoch?: number;
  /** Training time without pauses. */
  seconds: number;
}

/** The model's trainer ended by a failure; the others train on. */
export interface ErrorEvent extends Base {
  type: "error";
  message: string;
}

/** Answer to the command `predict`; goes to the parent only, never into the log. */
export interface PredictionEvent extends Base {
  type: "prediction";
  id: number;
  /** [10] softmax */
  probabilities: number[];
}

/** Answer to the command `examples`; goes to the parent only, never into the log. */
export interface ExamplesEvent extends Base {
  type: "examples";
  id: number;
  label: number;
  prediction: number;
  /** Step of the evaluation that the samples are from. */
  step: number;
  /** How many test images are in this cell of the confusion matrix. */
  total: number;
  /** The first 40 of them at most. */
  samples: Sample[];
}

export type RunEvent =
  | StartEvent
  | StepEvent
  | EvalEvent
  | EpochEvent
  | SamplesEvent
  | MistakesEvent
  | LayersEvent
  | DeviceEvent
  | CheckpointEvent
  | PauseEvent
  | LogEvent
  | DoneEvent
  | ErrorEvent
  | PredictionEvent
  | ExamplesEvent;

/** Commands of the parent to a trainer, over the child's IPC channel. */
export type TrainerCommand =
  | { type: "pause" }
  | { type: "resume" }
  | { type: "checkpoint" }
  | { type: "learningRate"; factor: number }
  /** Answered by one `prediction` event, also while paused. pixels: 784 bytes as base64, 0 background to 255 ink. */
  | { type: "predict"; id: number; pixels: string }
  /** Answered by one `examples` event: test images of class `label` that were predicted as `prediction` in the evaluation at `step` (absent: the newest). */
  | { type: "examples"; id: number; label: number; prediction: number; step?: number }
  /** stopped: this model ends and keeps its best; interrupted: saves `last` so that --resume can go on. */
  | { type: "stop"; reason: "stopped" | "interrupted" };
