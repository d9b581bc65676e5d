import { UserError } from "../../util/errors.js";

/** An error of the driver as a sentence for the user. After most of them the device is unusable. */
export class CudaError extends UserError {
  /**
   * @param code the driver's name of the error, "CUDA_ERROR_OUT_OF_MEMORY"; "MISSING_…" where a part of the driver is not there
   * @param memory out of memory: bytes wanted, and bytes free at that moment
   */
  constructor(
    message: string,
    readonly code: string,
    readonly memory?: { wantedBytes: number; freeBytes: number },
  ) {
    super(message);
    this.name = "CudaError";
  }
}

/** Errors of a kernel, found by the driver or the hardware. */
const kernelFailures = new Set([
  "CUDA_ERROR_ILLEGAL_ADDRESS",
  "CUDA_ERROR_LAUNCH_FAILED",
  "CUDA_ERROR_ASSERT",
  "CUDA_ERROR_MISALIGNED_ADDRESS",
  "CUDA_ERROR_ILLEGAL_INSTRUCTION",
  "CUDA_ERROR_INVALID_ADDRESS_SPACE",
  "CUDA_ERROR_INVALID_PC",
  "CUDA_ERROR_HARDWARE_STACK_ERROR",
  "CUDA_ERROR_LAUNCH_TIMEOUT",
]);

/** Errors of the GPU itself: it is gone or broken. */
const lostDevices = new Set([
  "CUDA_ERROR_ECC_UNCORRECTABLE",
  "CUDA_ERROR_NVLINK_UNCORRECTABLE",
  "CUDA_ERROR_CONTAINED",
  "CUDA_ERROR_NO_DEVICE",
  "CUDA_ERROR_DEINITIALIZED",
  "CUDA_ERROR_CONTEXT_IS_DESTROYED",
  "CUDA_ERROR_EXTERNAL_DEVICE",
  "CUDA_ERROR_UNKNOWN",
]);

/** An error as the driver reports it. */
export interface Failure {
  /** "CUDA_ERROR_ILLEGAL_ADDRESS" */
  code: string;
  /** "an illegal memory access was encountered" */
  text: string;
  /** The function that reported it. A kernel's failure shows up at the next call, whichever that is. */
  call: string;
  /** The GPU's name, once one is in use. */
  device?: string;
  /** Of an allocation. */
  memory?: { wantedBytes: number; freeBytes: number };
}

/** @returns the error to throw: one sentence with what happened and what to do */
export function cudaError({ code, text, call, device, memory }: Failure): CudaError {
  const gpu = device ?? "the GPU";
  if (memory && code === "CUDA_ERROR_OUT_OF_MEMORY") {
    const { wantedBytes, freeBytes } = memory;
    const message = `${gpu} has not enough memory: ${megabytes(wantedBytes)} wanted, ${megabytes(freeBytes)} free; choose a smaller --batch-size, or end what else runs on it.`;
    return new CudaError(capital(message), code, memory);
  }
  const said = `${code}: ${text}`;
  if (kernelFailures.has(code)) {
    return new CudaError(
      `A computation on ${gpu} failed (${said}); --resume goes on from the last checkpoint, also with another --engine.`,
      code,
    );
  }
  if (device !== undefined && lostDevices.has(code)) {
    return new CudaError(
      `${capital(gpu)} was lost (${call}: ${said}); see nvidia-smi and the system's log, then --resume goes on from the last checkpoint, also with another --engine.`,
      code,
    );
  }
  if (code === "CUDA_ERROR_DEVICE_UNAVAILABLE") {
    return new CudaError(
      `${capital(gpu)} is in exclusive mode and used by another process (${said}); wait for it or run nvidia-smi -c DEFAULT.`,
      code,
    );
  }
  return new CudaError(`${call} failed on ${gpu} (${said}); mnist-tui doctor says more, and --engine native needs no GPU.`, code);
}

/** Binary units, as everywhere in the program. */
function megabytes(bytes: number): string {
  const size = bytes / 2 ** 20;
  return `${size < 100 ? size.toFixed(1) : Math.round(size)} MB`;
}

function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
