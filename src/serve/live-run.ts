/** A run as GET /get_training_data and GET /events tell it: the server writes it, the page reads it. */

export interface LiveRun {
  run: string;
  models: LiveModel[];
  /** The whole machine's, bytes; used is absent before it was measured. */
  hostMemory: { used?: number; total: number };
  /** Empty where there is none and all figures are the host's; absent where that is not known. Bytes, %, °C, W. */
  gpus?: { name: string; memoryUsed: number; memoryTotal: number; utilization?: number; temperature?: number; power?: number }[];
}

export interface LiveModel {
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
  /** What its trainer takes: resident memory, memory on the device, per cent of one core. */
  hostBytes?: number;
  deviceBytes?: number;
  cpuPercent?: number;
  classNames: readonly string[];
  /** The newest evaluation's: 10×10 counts, rows true. */
  confusion?: number[][];
  /** The newest: pixels as base64 of 784 bytes. */
  samples?: { label: number; prediction: number; pixels: string }[];
  curves: Record<CurveName, Points>;
}

export type CurveName = "loss" | "accuracy" | "testLoss" | "testAccuracy" | "learningRate";

/** A curve's points: fractional epochs and values. */
export interface Points {
  epoch: number[];
  value: number[];
}
