/** The JSON of a run in GET /get_training_data and GET /events: the server writes it, the page reads it. */

export interface RunFigures {
  run: string;
  /** "mnist", "SYNTHETIC digits"; absent before the first trainer has started. */
  dataset?: string;
  models: ModelFigures[];
  /** Of the whole machine, bytes; used is absent before the first measurement. */
  hostMemory: { used?: number; total: number };
  /** Empty where there is no GPU and all figures are the host's; absent until that is known. Bytes, %, °C, W. */
  gpus?: { name: string; memoryUsed: number; memoryTotal: number; utilization?: number; temperature?: number; power?: number }[];
}

export interface ModelFigures {
  name: string;
  preset: string;
  status: "starting" | "training" | "paused" | "done" | "failed";
  error?: string;
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  loss?: number;
  accuracy?: number;
  testLoss?: number;
  testAccuracy?: number;
  best?: { accuracy: number; epoch: number };
  learningRate?: number;
  imagesPerSecond?: number;
  device: string;
  parameters: number;
  /** Of its trainer: resident memory, memory on the device, per cent of one core. */
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
