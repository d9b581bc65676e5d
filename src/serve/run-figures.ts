/** The JSON of a run in GET /get_training_data and GET /events: the server writes it, the page reads it. */

export interface RunFigures {
  run: string;
  /** "mnist", "SYNTHETIC digits"; absent before the first trainer has started. */
  dataset?: string;
  models: ModelFigures[];
  /** Of the whole machine, bytes; used is absent before the first measurement and after every model's end. */
  hostMemory: { used?: number; total: number };
  /** Empty where there is no GPU and all figures are the host's; absent until that is known, and GPUs' figures after every model's end. Bytes, %, °C, W. */
  gpus?: { name: string; memoryUsed: number; memoryTotal: number; utilization?: number; temperature?: number; power?: number }[];
}

export interface ModelFigures {
  name: string;
  preset: string;
  status: "starting" | "training" | "paused" | "done" | "failed";
  /** The reason of a failure, one sentence. */
  error?: string;
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  loss?: number;
  accuracy?: number;
  testLoss?: number;
  testAccuracy?: number;
  /** The best evaluation so far: chosen on the test images themselves. */
  best?: { accuracy: number; epoch: number };
  /**
   * Of testAccuracy from the first model's, as fractions: value ± margin is the 95 % interval (run/state/difference.ts says how it is made),
   * text says it in words: "+0.12 % ± 0.15, within noise". Absent for the first model, and before both are evaluated.
   */
  difference?: { value: number; margin: number; kind: "paired" | "bound"; withinNoise: boolean; text: string };
  learningRate?: number;
  /** Of the newest steps; absent once the model's training has ended. */
  imagesPerSecond?: number;
  /** Over the whole training, without evaluations and pauses. */
  meanImagesPerSecond?: number;
  device: string;
  parameters: number;
  /** Of its trainer as long as it trains: resident memory, memory on the device, per cent of one core. */
  hostBytes?: number;
  deviceBytes?: number;
  cpuPercent?: number;
  classNames: readonly string[];
  /** Of the newest evaluation: 10×10 counts, rows true. Absent in an update where it was sent before. */
  confusion?: number[][];
  /** The newest, pixels as base64 of 784 bytes. Absent in an update where they were sent before. */
  samples?: { label: number; prediction: number; pixels: string }[];
  curves: Record<CurveName, Points>;
}

export type CurveName = "loss" | "accuracy" | "testLoss" | "testAccuracy" | "learningRate";

/** A curve's points: fractional epochs and values. */
export interface Points {
  epoch: number[];
  value: number[];
}
