import { accessSync, constants, readdirSync, statSync } from "node:fs";
import type { DeviceInfo } from "./device.js";
import type { CudaError } from "./errors.js";
import { cudaNeeded, driverWith, type PtxHeader } from "./ptx.js";

/** Why something cannot be used here. */
export interface Problem {
  /** One sentence. */
  reason: string;
  /** A command that helps. */
  help?: string;
}

/** The lowest compute capability that the kernels run on, whatever their PTX names. */
const oldestCapability = 70;

/** @returns why this GPU cannot run the kernels, or undefined */
export function deviceProblem({ name, computeCapability, computeMode }: DeviceInfo, { target }: PtxHeader): Problem | undefined {
  const [major, minor] = computeCapability;
  const needed = Math.max(oldestCapability, target);
  if (10 * major + minor < needed) {
    const wanted = `${Math.floor(needed / 10)}.${needed % 10}`;
    return { reason: `${name} has compute capability ${major}.${minor}, and ${wanted} or higher is needed.` };
  }
  if (computeMode === "prohibited") {
    return { reason: `${name} is in prohibited compute mode: no process may use it.`, help: "nvidia-smi -c DEFAULT" };
  }
  return undefined;
}

/** @param version 12040 is 12.4 @returns why this driver cannot read the kernels, or undefined */
export function driverProblem(version: number, header: PtxHeader): Problem | undefined {
  const needed = cudaNeeded(header);
  if (version >= 1000 * needed[0] + 10 * needed[1]) return undefined;
  const driver = driverWith(needed);
  const wanted = `CUDA ${needed.join(".")}${driver ? ` (driver ${driver})` : ""}`;
  return { reason: `The NVIDIA driver speaks CUDA ${cudaVersion(version)}, and ${wanted} or newer is needed; install a newer driver.` };
}

/** 12040 → "12.4" */
export function cudaVersion(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}

/** A device file of the driver, and whether this user may open it. */
export interface DeviceFile {
  path: string;
  state: "usable" | "denied" | "missing";
  /** Its group's id, where the file exists. */
  group?: number;
}

/** @param folder where the system keeps device files */
export function deviceFiles(folder = "/dev"): DeviceFile[] {
  if (process.platform !== "linux") return [];
  const numbered = readdirSync(folder).filter((name) => /^nvidia\d+$/.test(name));
  return ["nvidiactl", "nvidia-uvm", ...numbered].map((name) => {
    const path = `${folder}/${name}`;
    try {
      const { gid } = statSync(path);
      return { path, state: mayOpen(path) ? "usable" : "denied", group: gid } as const;
    } catch {
      return { path, state: "missing" };
    }
  });
}

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The meaning of cuInit's errors for the user. */
const startErrors: Record<string, string> = {
  CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
    "the driver's library and its kernel module are of different versions: restart the machine after an update",
  CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE:
    "a compatibility library is in the way, which this GPU does not support: take it out of LD_LIBRARY_PATH",
  CUDA_ERROR_SYSTEM_NOT_READY: "the system's GPUs are not ready: start the service nvidia-fabricmanager, or wait for it",
  CUDA_ERROR_STUB_LIBRARY: "a stub was found in place of the driver's library: take CUDA's stubs out of LD_LIBRARY_PATH",
};

/**
 * Explains why cuInit failed. The error itself hardly tells: the driver reports a GPU that this user may not open as absent.
 * @param visible CUDA_VISIBLE_DEVICES
 */
export function startProblem(error: CudaError, files: readonly DeviceFile[], visible: string | undefined): Problem {
  const { code } = error;
  if (code in startErrors) return { reason: `The NVIDIA driver does not start (${code}): ${startErrors[code]}.` };
  const denied = files.find(({ state }) => state === "denied");
  if (denied) {
    return {
      reason: `This user may not open ${denied.path} (permission denied), without which no GPU can be used; join the file's group.`,
      help: `sudo usermod -aG "$(getent group ${denied.group} | cut -d: -f1)" "$USER"`,
    };
  }
  const missing = files.find(({ state }) => state === "missing");
  if (missing) {
    return {
      reason: `The device file ${missing.path} is missing, without which no GPU can be used.`,
      help: "sudo nvidia-modprobe -u -c=0",
    };
  }
  if (visible !== undefined) {
    return {
      reason: `CUDA_VISIBLE_DEVICES=${JSON.stringify(visible)} leaves no GPU to be seen (${code}); unset it.`,
      help: "unset CUDA_VISIBLE_DEVICES",
    };
  }
  if (code === "CUDA_ERROR_NO_DEVICE") return { reason: "The NVIDIA driver is installed and finds no GPU.", help: "nvidia-smi" };
  return { reason: error.message, help: "nvidia-smi" };
}
