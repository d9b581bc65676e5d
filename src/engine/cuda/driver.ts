import { cudaLibrary, noDriver } from "../nvidia/libraries.js";
import type { Device, DeviceInfo } from "./device.js";
import { CudaError } from "./errors.js";
import { bindLibcuda, type Libcuda, missingKoffi } from "./libcuda.js";
import { describeDevice, LibcudaDevice } from "./libcuda-device.js";
import { deviceFiles, type Problem, startProblem } from "./requirements.js";

/** NVIDIA's driver, asked through its library alone: no toolkit is needed. */
export interface Driver {
  /** The newest CUDA that the driver speaks: 12040 is 12.4. */
  readonly version: number;
  /** At least one. */
  devices(): DeviceInfo[];
  open(ordinal: number): Device;
}

/**
 * Loads the driver into this process. A broken driver may hang or crash: probe.ts asks it in a child process first.
 * @returns the driver, or why there is none
 */
export function loadDriver(): Driver | Problem {
  const library = cudaLibrary();
  if (library === undefined) return noDriver();
  try {
    return new LoadedDriver(bindLibcuda(library));
  } catch (error) {
    if (!(error instanceof CudaError)) throw error;
    if (error.code === missingKoffi) return { reason: error.message, help: "npm install koffi" };
    return error.code.startsWith("CUDA_ERROR_")
      ? startProblem(error, deviceFiles(), process.env.CUDA_VISIBLE_DEVICES)
      : { reason: error.message };
  }
}

class LoadedDriver implements Driver {
  readonly version: number;
  private readonly count: number;

  constructor(private readonly cuda: Libcuda) {
    const version = new Int32Array(1);
    cuda.call("cuDriverGetVersion", version);
    this.version = version[0];
    cuda.call("cuInit", 0);
    const count = new Int32Array(1);
    cuda.call("cuDeviceGetCount", count);
    this.count = count[0];
  }

  devices(): DeviceInfo[] {
    return Array.from({ length: this.count }, (_, ordinal) => describeDevice(this.cuda, ordinal));
  }

  open(ordinal: number): Device {
    return new LibcudaDevice(this.cuda, ordinal);
  }
}
