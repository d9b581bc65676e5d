import { setImmediate } from "node:timers/promises";
import { encodeArguments } from "./arguments.js";
import type { Device, DeviceInfo, DevicePointer, Graph, Kernel, Launch, Module } from "./device.js";
import { CudaError } from "./errors.js";
import { type CudaFunction, type Libcuda, notReady, success } from "./libcuda.js";

/** CUdevice_attribute */
const attributes = {
  multiprocessors: 16,
  computeMode: 20,
  computeCapabilityMajor: 75,
  computeCapabilityMinor: 76,
  sharedBytesPerBlock: 97,
};
/** CUcomputemode; 1 is exclusive to a thread, in drivers of long ago. */
const computeModes = ["default", "exclusive", "prohibited", "exclusive"] as const;
/** CUstream_flags: in order with the default stream, on which the copies run. */
const defaultStreamFlags = 0;
/** CUstreamCaptureMode: calls that cannot be recorded are errors in this thread. */
const captureThreadLocal = 1;
/** CUfunction_attribute */
const maxDynamicSharedBytes = 8;
/** Shared memory of a block for which a kernel needs no attribute. */
const sharedBytesAtOnce = 48 * 1024;
/** CUjit_option: where the compiler writes its errors. */
const errorLog = 5;
const errorLogBytes = 6;

/** Reads the constant properties of a GPU; creates nothing on it. */
export function describeDevice(cuda: Libcuda, ordinal: number): DeviceInfo {
  const device = deviceOf(cuda, ordinal);
  const attribute = (number: number) => {
    const value = new Int32Array(1);
    cuda.call("cuDeviceGetAttribute", value, number, device);
    return value[0];
  };
  const name = Buffer.alloc(256);
  cuda.call("cuDeviceGetName", name, name.length, device);
  const uuid = Buffer.alloc(16);
  cuda.call("cuDeviceGetUuid_v2", uuid, device);
  const total = new BigUint64Array(1);
  cuda.call("cuDeviceTotalMem_v2", total, device);
  return {
    ordinal,
    name: name.toString("utf8", 0, name.indexOf(0)),
    uuid: `GPU-${uuid.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}`,
    computeCapability: [attribute(attributes.computeCapabilityMajor), attribute(attributes.computeCapabilityMinor)],
    totalBytes: Number(total[0]),
    multiprocessors: attribute(attributes.multiprocessors),
    sharedBytesPerBlock: attribute(attributes.sharedBytesPerBlock),
    computeMode: computeModes[attribute(attributes.computeMode)] ?? "default",
  };
}

function deviceOf(cuda: Libcuda, ordinal: number): number {
  const device = new Int32Array(1);
  cuda.call("cuDeviceGet", device, ordinal);
  return device[0];
}

/** The context that this thread's calls go to; the driver keeps one a thread, and all calls come from this one. */
let current: bigint | undefined;

interface LoadedKernel extends Kernel {
  handle: bigint;
  /** Dynamic shared memory of a block that the driver allows the kernel so far. */
  sharedBytes: number;
}

export class LibcudaDevice implements Device {
  readonly info: DeviceInfo;
  private readonly device: number;
  private readonly context: bigint;
  private readonly stream: bigint;
  private readonly allocations = new Set<DevicePointer>();
  private readonly modules: bigint[] = [];
  private readonly graphs = new Set<Graph>();
  private disposed = false;

  constructor(
    private readonly cuda: Libcuda,
    ordinal: number,
  ) {
    this.info = describeDevice(cuda, ordinal);
    this.device = deviceOf(cuda, ordinal);
    const context = new BigUint64Array(1);
    const result = cuda.attempt("cuDevicePrimaryCtxRetain", context, this.device);
    if (result !== success) throw this.failure(result, "cuDevicePrimaryCtxRetain");
    this.context = context[0];
    try {
      const stream = new BigUint64Array(1);
      this.call("cuStreamCreate", stream, defaultStreamFlags);
      this.stream = stream[0];
    } catch (error) {
      this.release();
      throw error;
    }
  }

  memory(): { freeBytes: number; totalBytes: number } {
    const free = new BigUint64Array(1);
    const total = new BigUint64Array(1);
    this.call("cuMemGetInfo_v2", free, total);
    return { freeBytes: Number(free[0]), totalBytes: Number(total[0]) };
  }

  allocate(bytes: number): DevicePointer {
    const pointer = new BigUint64Array(1);
    const result = this.attempt("cuMemAlloc_v2", pointer, bytes);
    if (result !== success) {
      throw this.failure(result, "cuMemAlloc_v2", { wantedBytes: bytes, freeBytes: this.freeBytes() });
    }
    this.allocations.add(pointer[0]);
    this.fill(pointer[0], bytes);
    return pointer[0];
  }

  free(at: DevicePointer): void {
    this.allocations.delete(at);
    this.call("cuMemFree_v2", at);
  }

  upload(at: DevicePointer, data: ArrayBufferView): void {
    // The copies called "Async" may read ordinary memory after they return, where the GPU reaches it by itself.
    this.call("cuMemcpyHtoD_v2", at, data, data.byteLength);
  }

  async download(into: ArrayBufferView, at: DevicePointer): Promise<void> {
    // The copy would block until all work before it is done: wait for that while the event loop turns.
    await this.synchronize();
    this.downloadBlocking(into, at);
  }

  downloadBlocking(into: ArrayBufferView, at: DevicePointer): void {
    this.call("cuMemcpyDtoH_v2", into, at, into.byteLength);
  }

  fill(at: DevicePointer, bytes: number): void {
    this.call("cuMemsetD8Async", at, 0, bytes, this.stream);
  }

  load(ptx: string): Module {
    const image = Buffer.from(`${ptx}\0`);
    const log = Buffer.alloc(8192);
    const module = new BigUint64Array(1);
    const options = Uint32Array.of(errorLog, errorLogBytes);
    const values = BigUint64Array.of(this.cuda.address(log), BigInt(log.length));
    const result = this.attempt("cuModuleLoadDataEx", module, image, options.length, options, values);
    if (result !== success) {
      const { code } = this.cuda.error(result, "cuModuleLoadDataEx");
      const said = log.toString("utf8", 0, log.indexOf(0)).trim().replace(/\s+/g, " ");
      throw new CudaError(
        `The driver does not compile the kernels for ${this.info.name} (${code}${said ? `: ${said}` : ""}); install a newer NVIDIA driver or choose another --engine.`,
        code,
      );
    }
    this.modules.push(module[0]);
    const kernels = new Map<string, Kernel>();
    return {
      kernel: (name) => {
        const kernel = kernels.get(name) ?? this.kernel(module[0], name);
        kernels.set(name, kernel);
        return kernel;
      },
    };
  }

  launch({ kernel, grid, block, sharedBytes = 0, args }: Launch): void {
    const loaded = kernel as LoadedKernel;
    if (sharedBytes > loaded.sharedBytes) {
      this.call("cuFuncSetAttribute", loaded.handle, maxDynamicSharedBytes, sharedBytes);
      loaded.sharedBytes = sharedBytes;
    }
    const { bytes, offsets } = encodeArguments(args);
    const start = this.cuda.address(bytes);
    const parameters = BigUint64Array.from(offsets, (offset) => start + BigInt(offset));
    const result = this.attempt("cuLaunchKernel", loaded.handle, ...grid, ...block, sharedBytes, this.stream, parameters, 0);
    if (result === success) return;
    const { code, message } = this.failure(result, "cuLaunchKernel");
    // The garbage collector sees no raw addresses: the arrays used below were alive while the driver read them.
    const given = `${args.length} arguments of ${bytes.length} bytes`;
    const shape = `grid ${grid.join("×")}, block ${block.join("×")}, ${sharedBytes} bytes shared, ${given}`;
    throw new CudaError(message.replace("cuLaunchKernel", `cuLaunchKernel of ${kernel.name} (${shape})`), code);
  }

  capture(record: () => void): Graph {
    this.call("cuStreamBeginCapture_v2", this.stream, captureThreadLocal);
    const graph = new BigUint64Array(1);
    try {
      record();
    } catch (error) {
      // A stream left in recording could do nothing else.
      this.attempt("cuStreamEndCapture", this.stream, graph);
      if (graph[0] !== 0n) this.attempt("cuGraphDestroy", graph[0]);
      throw error;
    }
    this.call("cuStreamEndCapture", this.stream, graph);
    const executable = new BigUint64Array(1);
    const result = this.attempt("cuGraphInstantiateWithFlags", executable, graph[0], 0);
    this.attempt("cuGraphDestroy", graph[0]);
    if (result !== success) throw this.failure(result, "cuGraphInstantiateWithFlags");
    return this.executableGraph(executable[0]);
  }

  async synchronize(): Promise<void> {
    // Polled rather than blocked on: only another thread could block without stopping the event loop, and its calls would lack this context.
    const began = performance.now();
    for (;;) {
      const result = this.attempt("cuStreamQuery", this.stream);
      if (result === success) return;
      if (result !== notReady) throw this.failure(result, "cuStreamQuery");
      nap(performance.now() - began);
      await setImmediate();
    }
  }

  dispose(): void {
    if (this.disposed) return;
    try {
      for (const graph of this.graphs) graph.dispose();
      for (const module of this.modules) this.attempt("cuModuleUnload", module);
      for (const pointer of this.allocations) this.attempt("cuMemFree_v2", pointer);
      this.attempt("cuStreamDestroy_v2", this.stream);
    } catch {
      // A lost device frees nothing.
    }
    this.release();
  }

  private kernel(module: bigint, name: string): LoadedKernel {
    const handle = new BigUint64Array(1);
    const result = this.attempt("cuModuleGetFunction", handle, module, name);
    if (result === success) return { name, handle: handle[0], sharedBytes: sharedBytesAtOnce };
    const { code } = this.cuda.error(result, "cuModuleGetFunction");
    throw new CudaError(`The compiled kernels have no ${name} (${code}); npm run build:cuda makes them anew.`, code);
  }

  private executableGraph(handle: bigint): Graph {
    const graph: Graph = {
      launch: () => this.call("cuGraphLaunch", handle, this.stream),
      dispose: () => {
        if (this.graphs.delete(graph)) this.attempt("cuGraphExecDestroy", handle);
      },
    };
    this.graphs.add(graph);
    return graph;
  }

  private freeBytes(): number {
    try {
      return this.memory().freeBytes;
    } catch {
      return 0;
    }
  }

  private failure(result: number, call: CudaFunction, memory?: CudaError["memory"]): CudaError {
    return this.cuda.error(result, call, { device: this.info.name, memory });
  }

  private release(): void {
    this.disposed = true;
    if (current === this.context) {
      this.cuda.attempt("cuCtxSetCurrent", 0);
      current = undefined;
    }
    this.cuda.attempt("cuDevicePrimaryCtxRelease_v2", this.device);
  }

  private call(name: CudaFunction, ...args: unknown[]): void {
    const result = this.attempt(name, ...args);
    if (result !== success) throw this.failure(result, name);
  }

  private attempt(name: CudaFunction, ...args: unknown[]): number {
    if (this.disposed) throw new CudaError(`${name} was called after ${this.info.name} had been given back.`, "CUDA_ERROR_DEINITIALIZED");
    if (current !== this.context) {
      this.cuda.call("cuCtxSetCurrent", this.context);
      current = this.context;
    }
    return this.cuda.attempt(name, ...args);
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps for a fiftieth of the time already waited, a millisecond at most: a short wait ends on time, a long one costs no processor. */
function nap(waitedMilliseconds: number): void {
  if (waitedMilliseconds > 1) Atomics.wait(sleeper, 0, 0, Math.min(1, waitedMilliseconds / 50));
}
