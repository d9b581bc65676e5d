import type {
  DeviceEvent,
  DoneEvent,
  EpochEvent,
  ExamplesEvent,
  LayersEvent,
  MistakesEvent,
  PredictionEvent,
  SamplesEvent,
  StartEvent,
} from "../events.js";
import type { Curve } from "./curve.js";

/**
 * The sum of a run's events. Every view (dashboard, lines, web page, report) is a function of this state. Memory is bounded:
 * curves are merged beyond a cap, histories and the log keep their newest entries.
 */
export interface RunState {
  run: string;
  /** In order of first appearance. */
  models: readonly ModelState[];
  /** Newest last, at most `logLimit`. */
  log: readonly LogLine[];
  /** The machine's, in its order; empty where none was reported. */
  gpus: readonly GpuState[];
  /** The newest figures of the machine's GPUs, whichever trainer they are from; empty where none is seen, undefined as long as no driver has answered. */
  gpuReadings?: readonly GpuReading[];
  /** The machine's memory in bytes, as a curve over the run's time. */
  hostMemory: { total: number; used: Curve };
  /** Seconds in which a trainer was at work, by the trainers' monotonic clocks; trainers that work side by side count once. */
  elapsed: number;
}

export type GpuReading = NonNullable<DeviceEvent["gpus"]>[number];

/** Curves over the run's time in seconds. Memory in bytes, utilization in %, temperature in °C, power in W. */
export interface GpuState {
  name: string;
  memoryTotal: number;
  memory: Curve;
  utilization: Curve;
  temperature: Curve;
  power: Curve;
}

type ModelStatus = "starting" | "training" | "paused" | "done" | "failed";

export interface ModelState {
  name: string;
  start?: StartEvent;
  status: ModelStatus;
  done?: DoneEvent;
  /** One sentence, where the status is failed. */
  error?: string;
  /** The step by which a training or test loss was first seen that is no number. */
  diverged?: number;
  epoch: number;
  step: number;
  /** Training time of the whole run in seconds, without evaluations and pauses. */
  seconds: number;
  /** Time in evaluations since the newest start or resume. */
  evaluationSeconds: number;
  /** The newest values; undefined before the first. May be NaN where training diverged. Those of a model that has ended are no current ones. */
  loss?: number;
  accuracy?: number;
  testLoss?: number;
  testAccuracy?: number;
  learningRate?: number;
  imagesPerSecond?: number;
  batchesPerSecond?: number;
  best?: { accuracy: number; epoch: number; step: number };
  curves: Curves;
  /** Oldest first. */
  epochs: readonly EpochRow[];
  evaluations: readonly Evaluation[];
  samples: readonly SamplesEvent[];
  mistakes: readonly MistakesEvent[];
  layers?: LayersEvent;
  device?: DeviceEvent;
  /** The newest answers to the dashboard's questions. */
  prediction?: PredictionEvent;
  examples?: ExamplesEvent;
  /** Where the newest start or resume began: the model's steps and training time, and the run's time. The pace is measured from there. */
  origin: { step: number; seconds: number; elapsed: number };
}

export interface Curves {
  loss: Curve;
  accuracy: Curve;
  testLoss: Curve;
  testAccuracy: Curve;
  learningRate: Curve;
  imagesPerSecond: Curve;
  /** Bytes. */
  hostMemory: Curve;
  deviceMemory: Curve;
  /** 100 is one core. */
  cpu: Curve;
  weightNorm: Curve;
}

export type EpochRow = Omit<EpochEvent, "type" | "run" | "model" | "time">;

export interface Evaluation {
  epoch: number;
  step: number;
  /** Training time before it, in seconds. */
  seconds: number;
  testLoss: number;
  testAccuracy: number;
  confusion: number[][];
  /** Which test images were read wrong, as in EvalEvent. */
  wrong?: string;
}

export interface LogLine {
  time: number;
  model: string;
  level: "info" | "warning" | "error";
  message: string;
}
