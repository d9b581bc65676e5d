import { UserError } from "../../util/errors.js";
import type { EngineInfo } from "../contract/engine.js";
import type { Device, DeviceInfo } from "./device.js";
import { type Driver, loadDriver } from "./driver.js";
import { CudaError } from "./errors.js";
import { ptxHeader, readPtx } from "./ptx.js";
import { cudaVersion, deviceProblem } from "./requirements.js";

/** @returns this trainer's GPU and its description for the user @throws CudaError, UserError where none can be used */
export function openGpu(trainer: number, tf32: boolean): { device: Device; info: EngineInfo } {
  const driver = loadDriver();
  if ("reason" in driver) throw new UserError(driver.reason);
  const { device, gpus } = openDevice(driver, trainer, tf32);
  return { device, info: describe(driver, device.info, gpus, tf32) };
}

/**
 * Trainers of a run take the usable GPUs in turn, one each; a GPU that another process has to itself is passed by.
 * @throws CudaError, UserError where none can be used
 */
export function openDevice(driver: Driver, trainer: number, tf32: boolean): { device: Device; gpus: number } {
  const all = driver.devices();
  const header = ptxHeader(readPtx(tf32));
  const usable = all.filter((info) => !deviceProblem(info, header));
  if (usable.length === 0) throw new UserError(unusable(all, tf32));
  let taken: unknown;
  for (let i = 0; i < usable.length; i++) {
    try {
      return { device: driver.open(usable[(trainer + i) % usable.length].ordinal), gpus: all.length };
    } catch (error) {
      if (!(error instanceof CudaError) || error.code !== "CUDA_ERROR_DEVICE_UNAVAILABLE") throw error;
      taken ??= error;
    }
  }
  throw taken;
}

/** @returns why no GPU can be used; where one would do without TF32, what TF32 requires that it lacks */
function unusable(all: DeviceInfo[], tf32: boolean): string {
  const reasonOf = (info: DeviceInfo, kernels: string) => deviceProblem(info, ptxHeader(kernels))?.reason;
  const fp32 = readPtx(false);
  const older = all.find((info) => !reasonOf(info, fp32));
  if (!tf32 || !older) return reasonOf(all[0], fp32)!;
  return `${reasonOf(older, readPtx(true))!.replace(/\.$/, "")} for TensorFloat-32; leave --tf32 out.`;
}

/** "NVIDIA H200, driver 12.4, 132 multiprocessors" */
function describe({ version }: Driver, { ordinal, name, multiprocessors }: DeviceInfo, gpus: number, tf32: boolean): EngineInfo {
  const which = gpus > 1 ? `GPU ${ordinal}, ` : "";
  const parts = [`${which}${name}`, `driver ${cudaVersion(version)}`, `${multiprocessors} multiprocessors`, ...(tf32 ? ["TF32"] : [])];
  return { name: "cuda", device: parts.join(", ") };
}
