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
  /** How many processes may use the GPU: any number, one at a time, none. Set by an administrator with nvidia-smi. */
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
 * Everything but dispose() throws CudaError; after an error of a kernel every call fails, in the whole process.
 */
export interface Device {
  readonly info: DeviceInfo;
  memory(): { freeBytes: number; totalBytes: number };
  /** Zero-filled. @throws CudaError with the bytes wanted and free where there is not enough */
  allocate(bytes: number): DevicePointer;
  free(at: DevicePointer): void;
  /** The caller may change `data` as soon as the call returns. */
  upload(at: DevicePointer, data: ArrayBufferView): void;
  /** Waits for all work before it; fills `into`. */
  download(into: ArrayBufferView, at: DevicePointer): Promise<void>;
  /** As download, but blocks the event loop: for few bytes, and when no work is under way. */
  downloadBlocking(into: ArrayBufferView, at: DevicePointer): void;
  /** Fills with zeros. */
  fill(at: DevicePointer, bytes: number): void;
  /** Compiles PTX for this GPU; the driver keeps the result on the disk. @throws CudaError with the driver's compiler's message */
  load(ptx: string): Module;
  launch(launch: Launch): void;
  /** Launches and fills inside record() are recorded instead of run. */
  capture(record: () => void): Graph;
  /** Waits for all work, while the event loop turns. */
  synchronize(): Promise<void>;
  /** Frees everything, memory included; never throws. */
  dispose(): void;
}
