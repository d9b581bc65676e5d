import type { DeviceInfo } from "./device.js";
import { type Driver, loadDriver } from "./driver.js";
import { CudaError } from "./errors.js";
import type { Candidate, ProbeAnswer } from "./probe.js";
import { ptxHeader, readPtx } from "./ptx.js";
import { deviceProblem, driverProblem, type Problem } from "./requirements.js";

/** The work of a child process: loads the driver, tries the GPUs and prints the findings. */
async function answer(): Promise<ProbeAnswer> {
  const driver = loadDriver();
  if ("reason" in driver) return { problem: driver };
  const header = ptxHeader(readPtx(false));
  const problem = driverProblem(driver.version, header);
  if (problem) return { problem };
  const gpus: Candidate[] = driver.devices().map((info) => ({ info, problem: deviceProblem(info, header) }));
  // Up to the first GPU that works, for opening one takes a third of a second.
  for (const gpu of gpus) {
    if (gpu.problem) continue;
    gpu.problem = await tryOut(driver, gpu.info);
    if (!gpu.problem) break;
  }
  return { version: driver.version, gpus };
}

/** Sends four bytes to the GPU and back. */
async function tryOut(driver: Driver, { ordinal, name }: DeviceInfo): Promise<Problem | undefined> {
  try {
    const device = driver.open(ordinal);
    const at = device.allocate(4);
    device.upload(at, Uint32Array.of(20_261_121));
    const back = new Uint32Array(1);
    await device.download(back, at);
    device.dispose();
    return back[0] === 20_261_121 ? undefined : { reason: `${name} gives back other data than it was given.`, help: "nvidia-smi" };
  } catch (error) {
    if (!(error instanceof CudaError)) throw error;
    if (error.code === "CUDA_ERROR_DEVICE_UNAVAILABLE") return { reason: error.message, help: "nvidia-smi -c DEFAULT" };
    if (error.memory) return { reason: error.message, help: "nvidia-smi" };
    return { reason: `${name} does not work (${error.code}); see nvidia-smi and the system's log.`, help: "nvidia-smi" };
  }
}

const result = await answer().catch((error: unknown): ProbeAnswer => {
  if (!(error instanceof CudaError)) throw error;
  return { problem: { reason: error.message } };
});
process.stdout.write(`\n${JSON.stringify(result)}\n`);
