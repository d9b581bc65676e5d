import type * as core from "@tensorflow/tfjs-core";

/** TF.js's core, whichever package it came from; loaded only with an engine that was chosen. */
export type Tf = typeof core;
export type { Tensor, Tensor1D, Tensor4D } from "@tensorflow/tfjs-core";

/** TF.js with one of its backends, ready to compute. */
export interface TfjsBackend {
  tf: Tf;
  /** The hardware in use, for people: "CPU, TensorFlow 2.21.0". */
  device: string;
  /** For the user to know before the first step, one sentence each. */
  notices: readonly string[];
  /** async: tensors can be fetched with data() only, never at once with dataSync(). */
  readback: "sync" | "async";
  /** Where tensors lie: in the process's own memory or in a device's. */
  memory: "host" | "device";
  /** Which of equal maxima gets a pool's gradient from the backend; a session gives it to the first. */
  poolTies: "first" | "last";
  /** @returns one sentence where the device has failed since it was opened, whose results are then worthless */
  failure?(): string | undefined;
}
