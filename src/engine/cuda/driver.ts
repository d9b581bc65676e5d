import { cudaLibrary, noDriver } from "../nvidia/libraries.js";
import { CudaDevice, describeDevice } from "./device.js";
import { CudaError } from "./errors.js";
import { bindLibcuda, type Libcuda, missingKoffi } from "./libcuda.js";
import { deviceFiles, type Problem, startProblem } from "./requirements.js";

/** A position in device memory: a 64-bit address. */
export type DevicePointer = bigint;

export interface DeviceInfo {
  /** Among the GPUs that CUDA_VISIBLE_DEVICES leaves. */
  ordinal: number;
  name: string;
  /** "GPU-…", as nvidia-smi prints it. */
  uuid: string;
  /** [major, minor] */
  computeCapability: readonly [number, number];
  totalBytes: number;
  multiprocessors: number;
  /** Shared memory that one block may ask for, in bytes. */
  sharedBytesPerBlock: number;
  /** Who may use it: any process, one at a time, none. Set by an administrator with nvidia-smi. */
  computeMode: "default" | "exclusive" | "prohibited";
}

/** One kernel of a loaded module. */
export interface Kernel {
  readonly name: string;
}

export interface Module {
  /** @throws CudaError where the module has no such kernel */
  kernel(name: string): Kernel;
}

/** A recorded sequence of launches. */
export interface Graph {
  launch(): void;
  dispose(): void;
}

export type KernelArgument =
  | { type: "pointer"; value: DevicePointer }
  | { type: "i32" | "u32" | "f32"; value: number }
  /** By value: its members, four bytes each. */
  | { type: "struct"; value: Uint32Array };

export interface Launch {
  kernel: Kernel;
  grid: readonly [number, number, number];
  block: readonly [number, number, number];
  /** Dynamic shared memory of a block; none by default. */
  sharedBytes?: number;
  /** One for each parameter of the kernel, in its order. */
  args: readonly KernelArgument[];
}

/**
 * One GPU in use by this process: its primary context and one stream, on which everything below happens in order.
 * Everything but dispose() throws CudaError; after an error of a kernel nothing works any more, in the whole process.
 */
export interface Device {
  readonly info: DeviceInfo;
  memory(): { freeBytes: number; totalBytes: number };
  /** Zero-filled. @throws CudaError with the bytes wanted and free where there is not enough */
  allocate(bytes: number): DevicePointer;
  free(at: DevicePointer): void;
  /** `data` may be changed as soon as it returns. */
  upload(at: DevicePointer, data: ArrayBufferView): void;
  /** Waits for all work before it; fills `into`. */
  download(into: ArrayBufferView, at: DevicePointer): Promise<void>;
  /** The same while the event loop stands still: for little, when nothing is under way. */
  downloadBlocking(into: ArrayBufferView, at: DevicePointer): void;
  /** With zeros. */
  fill(at: DevicePointer, bytes: number): void;
  /** Compiles PTX for this GPU; the driver keeps the result on the disk. @throws CudaError with what its compiler said */
  load(ptx: string): Module;
  launch(launch: Launch): void;
  /** Launches and fills inside record() are recorded instead of run. */
  capture(record: () => void): Graph;
  /** Waits for all work, while the event loop turns. */
  synchronize(): Promise<void>;
  /** Gives everything back, memory included; never throws. */
  dispose(): void;
}

/** NVIDIA's driver, asked through its library alone: no toolkit is needed. */
export interface Driver {
  /** The newest CUDA that it speaks: 12040 is 12.4. */
  readonly version: number;
  /** At least one. */
  devices(): DeviceInfo[];
  open(ordinal: number): Device;
}

/**
 * Loads the driver into this process; one that is broken may hang or crash, so ask in a child process first (probe.ts).
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
    return new CudaDevice(this.cuda, ordinal);
  }
}

export const pointer = (value: DevicePointer): KernelArgument => ({ type: "pointer", value });
export const i32 = (value: number): KernelArgument => ({ type: "i32", value });
export const u32 = (value: number): KernelArgument => ({ type: "u32", value });
export const f32 = (value: number): KernelArgument => ({ type: "f32", value });
