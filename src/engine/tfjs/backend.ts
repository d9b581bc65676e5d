import type * as core from "@tensorflow/tfjs-core";

/** TF.js's core, whichever package it came from; loaded only with an engine that was chosen. */
export type Tf = typeof core;
export type { Tensor, Tensor1D, Tensor4D } from "@tensorflow/tfjs-core";

/** TF.js with one of its backends, ready to compute. */
export interface TfjsBackend {
  tf: Tf;
  /** What does the arithmetic, for people: "CPU, TensorFlow 2.21.0". */
  device: string;
  /** What the user should know before the first step. */
  notices: readonly string[];
  /** async: tensors can be fetched with data() only, never at once with dataSync(). */
  readback: "sync" | "async";
  /** Where tensors lie: in the process's own memory or in a device's. */
  memory: "host" | "device";
  /** Which of equal maxima gets a pool's gradient; every engine of this program gives it to the first. */
  poolTies: "first" | "last";
  /** One sentence where the device has failed since: what it computed then is worth nothing. */
  failure?(): string | undefined;
}
