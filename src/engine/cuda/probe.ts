import { askChild } from "../../util/child-probe.js";
import { cudaLibrary, noDriver } from "../nvidia/libraries.js";
import type { DeviceInfo } from "./device.js";
import type { Problem } from "./requirements.js";

/** Starting CUDA takes a second where no other program has woken the driver, and longer with many GPUs. */
const probeMilliseconds = 20_000;

/** One GPU, and why it cannot be used, where that is so. */
export interface Candidate {
  info: DeviceInfo;
  problem?: Problem;
}

export interface CudaFacts {
  /** 12040 is 12.4 */
  version: number;
  /** At least one without a problem. */
  gpus: Candidate[];
}

/** The child process's answer. */
export type ProbeAnswer = { version: number; gpus: Candidate[] } | { problem: Problem };

/** Asks the driver in a child process, so that a broken driver ends or hangs that process alone. Starts none where there is no driver. */
export async function probeCuda(timeoutMilliseconds = probeMilliseconds): Promise<{ facts: CudaFacts } | Problem> {
  if (cudaLibrary() === undefined) return noDriver();
  const script = new URL("./probe-process.js", import.meta.url);
  const result = await askChild<ProbeAnswer>({ script, timeoutMilliseconds });
  if ("reason" in result) return { reason: `The NVIDIA driver does not work: ${result.reason.replace(/^It /, "it ")}`, help: "nvidia-smi" };
  const { answer } = result;
  if ("problem" in answer) return answer.problem;
  const problems = answer.gpus.flatMap(({ problem }) => problem ?? []);
  if (problems.length < answer.gpus.length) return { facts: answer };
  const [first] = problems;
  return problems.length === 1 ? first : { ...first, reason: `None of the ${problems.length} GPUs can be used. ${first.reason}` };
}
