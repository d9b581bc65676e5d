import { createRequire } from "node:module";
import { CudaError, cudaError, type Failure } from "./errors.js";

/**
 * NVIDIA's driver API, cuda.h. Each function returns 0 or an error; out-parameters are typed arrays of one element; handles are
 * 64-bit numbers. cuda.h defines each plain name as its `_v2`. All of them exist since CUDA 11.4 (driver 470).
 */
const signatures = {
  cuInit: "int cuInit(uint32_t flags)",
  cuDriverGetVersion: "int cuDriverGetVersion(int *version)",
  cuGetErrorName: "int cuGetErrorName(int error, _Out_ const char **text)",
  cuGetErrorString: "int cuGetErrorString(int error, _Out_ const char **text)",
  cuDeviceGetCount: "int cuDeviceGetCount(int *count)",
  cuDeviceGet: "int cuDeviceGet(int *device, int ordinal)",
  cuDeviceGetName: "int cuDeviceGetName(uint8_t *name, int length, int device)",
  cuDeviceGetUuid_v2: "int cuDeviceGetUuid_v2(uint8_t *uuid, int device)",
  cuDeviceGetAttribute: "int cuDeviceGetAttribute(int *value, int attribute, int device)",
  cuDeviceTotalMem_v2: "int cuDeviceTotalMem_v2(uint64_t *bytes, int device)",
  cuDevicePrimaryCtxRetain: "int cuDevicePrimaryCtxRetain(uint64_t *context, int device)",
  cuDevicePrimaryCtxRelease_v2: "int cuDevicePrimaryCtxRelease_v2(int device)",
  cuCtxSetCurrent: "int cuCtxSetCurrent(uintptr_t context)",
  cuMemGetInfo_v2: "int cuMemGetInfo_v2(uint64_t *free, uint64_t *total)",
  cuMemAlloc_v2: "int cuMemAlloc_v2(uint64_t *pointer, uint64_t bytes)",
  cuMemFree_v2: "int cuMemFree_v2(uint64_t pointer)",
  cuMemcpyHtoD_v2: "int cuMemcpyHtoD_v2(uint64_t to, const void *from, uint64_t bytes)",
  cuMemcpyDtoH_v2: "int cuMemcpyDtoH_v2(void *to, uint64_t from, uint64_t bytes)",
  cuMemsetD8Async: "int cuMemsetD8Async(uint64_t to, uint8_t value, uint64_t bytes, uintptr_t stream)",
  cuStreamCreate: "int cuStreamCreate(uint64_t *stream, uint32_t flags)",
  cuStreamDestroy_v2: "int cuStreamDestroy_v2(uintptr_t stream)",
  cuStreamQuery: "int cuStreamQuery(uintptr_t stream)",
  cuStreamBeginCapture_v2: "int cuStreamBeginCapture_v2(uintptr_t stream, int mode)",
  cuStreamEndCapture: "int cuStreamEndCapture(uintptr_t stream, uint64_t *graph)",
  cuGraphInstantiateWithFlags: "int cuGraphInstantiateWithFlags(uint64_t *executable, uintptr_t graph, uint64_t flags)",
  cuGraphLaunch: "int cuGraphLaunch(uintptr_t executable, uintptr_t stream)",
  cuGraphDestroy: "int cuGraphDestroy(uintptr_t graph)",
  cuGraphExecDestroy: "int cuGraphExecDestroy(uintptr_t executable)",
  cuModuleLoadDataEx: "int cuModuleLoadDataEx(uint64_t *module, const void *image, uint32_t count, uint32_t *options, uint64_t *values)",
  cuModuleUnload: "int cuModuleUnload(uintptr_t module)",
  cuModuleGetFunction: "int cuModuleGetFunction(uint64_t *kernel, uintptr_t module, const char *name)",
  cuFuncSetAttribute: "int cuFuncSetAttribute(uintptr_t kernel, int attribute, int value)",
  cuLaunchKernel:
    "int cuLaunchKernel(uintptr_t kernel, uint32_t gridX, uint32_t gridY, uint32_t gridZ, uint32_t blockX, uint32_t blockY, uint32_t blockZ, uint32_t sharedBytes, uintptr_t stream, uint64_t *parameters, uintptr_t extra)",
} as const;

export type CudaFunction = keyof typeof signatures;

/** In place of the driver's name of an error, where there is no driver to give one. */
export const missingKoffi = "MISSING_KOFFI";

/** CUresult of functions that only say how things stand. */
export const success = 0;
export const notReady = 600;

/** The driver's library, in this process. */
export interface Libcuda {
  /** @param about details that the error adds @throws CudaError for every result but 0 */
  call(name: CudaFunction, ...args: unknown[]): void;
  /** @returns the result as it is */
  attempt(name: CudaFunction, ...args: unknown[]): number;
  /** @returns the error to throw for a result */
  error(result: number, call: CudaFunction, about?: Pick<Failure, "device" | "memory">): CudaError;
  /** @returns where the bytes of a typed array lie in this process's memory */
  address(data: ArrayBufferView): bigint;
}

/** @param library name or path for the dynamic loader @throws CudaError where koffi, the library or one of its functions is missing */
export function bindLibcuda(library: string): Libcuda {
  const koffi = loadKoffi();
  const loaded = open(koffi, library);
  const functions = new Map<CudaFunction, (...args: unknown[]) => number>();
  const bind = (name: CudaFunction) => {
    let bound = functions.get(name);
    if (!bound) {
      try {
        bound = loaded.func(signatures[name]) as (...args: unknown[]) => number;
      } catch {
        throw new CudaError(
          `The NVIDIA driver lacks ${name}: it is older than CUDA 11.4 (driver 470); install a newer one.`,
          "MISSING_FUNCTION",
        );
      }
      functions.set(name, bound);
    }
    return bound;
  };
  const words = (name: "cuGetErrorName" | "cuGetErrorString", result: number) => {
    const text: [string | null] = [null];
    return bind(name)(result, text) === success && text[0] ? text[0] : undefined;
  };
  const cuda: Libcuda = {
    call(name, ...args) {
      const result = bind(name)(...args);
      if (result !== success) throw cuda.error(result, name);
    },
    attempt: (name, ...args) => bind(name)(...args),
    error(result, call, about) {
      const code = words("cuGetErrorName", result) ?? `error ${result}`;
      return cudaError({ code, text: words("cuGetErrorString", result) ?? "unknown to the driver", call, ...about });
    },
    address: (data) => koffi.address(data),
  };
  return cuda;
}

type Koffi = typeof import("koffi");

function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch {
    throw new CudaError(
      "The package koffi, by which the NVIDIA driver is called, is not installed; npm install koffi adds it.",
      missingKoffi,
    );
  }
}

function open(koffi: Koffi, library: string) {
  try {
    return koffi.load(library);
  } catch (error) {
    const why = (error as Error).message.split("\n")[0].replace(/^Failed to load shared library: /, "");
    throw new CudaError(
      `The NVIDIA driver's library ${library} cannot be loaded (${why.replace(/\.$/, "")}); install the driver; a container needs NVIDIA_DRIVER_CAPABILITIES=compute,utility.`,
      "MISSING_LIBRARY",
    );
  }
}
