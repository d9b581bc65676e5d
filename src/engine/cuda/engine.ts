import type { Engine } from "../contract/engine.js";
import { cudaLibrary } from "../nvidia/libraries.js";
import { probeCuda } from "./probe.js";

let probed: ReturnType<typeof probeCuda> | undefined;

/** Any NVIDIA GPU of compute capability 7.0 or higher, through its driver alone. */
export const cudaEngine: Engine = {
  name: "cuda",
  unavailable: async () => {
    probed ??= probeCuda();
    const probe = await probed;
    return "reason" in probe ? probe.reason : undefined;
  },
  discouraged: async () => (cudaLibrary() === undefined ? "No NVIDIA driver is installed." : undefined),
  create: async (options) => {
    // Loaded here and not on import: unavailable() needs neither.
    const [{ openGpu }, { CudaSession }] = await Promise.all([import("./open.js"), import("./session.js")]);
    const { device, info } = openGpu(options.trainer ?? 0, options.tf32 ?? false);
    return CudaSession.create(options, device, info);
  },
};
