import { createRequire } from "node:module";
import type { Tf } from "./backend.js";

/** Facts about the binding, as it reports them. */
export interface TensorflowFacts {
  /** Of TensorFlow: "2.21.0" */
  version: string;
  gpu: boolean;
}

type NodeBackend = { isUsingGpuDevice: boolean; binding: { TF_Version: string } };

/** Environment variables that TensorFlow reads when it is loaded; the user's own take precedence. */
const settings: Record<string, string> = {
  // Errors only: everything else would go to standard error line by line.
  TF_CPP_MIN_LOG_LEVEL: "2",
  // Otherwise the first trainer takes all of the GPU's memory.
  TF_FORCE_GPU_ALLOW_GROWTH: "true",
  // The same seed is the same run.
  TF_DETERMINISTIC_OPS: "1",
};

/**
 * Loads TF.js with its binding to TensorFlow into this process: once, and never in a second thread, which the binding does not survive.
 * @param folder of the package @param threads undefined: TensorFlow chooses
 * @throws where it cannot be loaded; a processor without AVX ends the whole process
 */
export async function loadTensorflow(folder: string, threads?: number): Promise<{ tf: Tf; facts: TensorflowFacts }> {
  for (const [name, value] of Object.entries(settings)) process.env[name] ??= value;
  if (threads !== undefined) process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  const require = createRequire(import.meta.url);
  putBackRemovedFunctions(require("node:util") as Record<string, unknown>);
  const tf = require(folder) as Tf;
  await tf.ready();
  const { isUsingGpuDevice, binding } = tf.backend() as unknown as NodeBackend;
  return { tf, facts: { version: binding.TF_Version, gpu: isUsingGpuDevice } };
}

/** Functions of node:util that TF.js 4.22 calls: Node 22 warns of them, Node 23 removed some (tensorflow/tfjs#8609). */
function putBackRemovedFunctions(util: Record<string, unknown>): void {
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}
