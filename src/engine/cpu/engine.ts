import type { Engine, EngineName } from "../contract/engine.js";
import type { Backend } from "./run/backend.js";
import { nativeBackend } from "./run/native.js";
import { wasmBackend } from "./run/wasm.js";
import { CpuSession } from "./session.js";

const isaNames: Record<string, string> = {
  avx512: "AVX-512",
  avx2: "AVX2",
  baseline: process.arch === "arm64" ? "NEON" : "SSE2",
  "relaxed-simd": "WebAssembly relaxed SIMD",
  simd: "WebAssembly SIMD",
};

/** "CPU, AVX-512" */
export function processorName({ isa }: Backend): string {
  return `CPU, ${isaNames[isa]}`;
}

/** "CPU, AVX-512, 2 threads" */
function deviceName(backend: Backend, threads: number): string {
  return `${processorName(backend)}, ${threads} thread${threads === 1 ? "" : "s"}`;
}

function cpuEngine(name: EngineName, find: () => Backend | { reason: string }): Engine {
  let found: Backend | { reason: string } | undefined;
  const backend = () => {
    found ??= find();
    return found;
  };
  return {
    name,
    unavailable: async () => {
      const b = backend();
      return "reason" in b ? b.reason : undefined;
    },
    create: async (options) => {
      const b = backend();
      if ("reason" in b) throw new Error(b.reason);
      return new CpuSession(options, b, { name, device: deviceName(b, options.threads) });
    },
  };
}

/** The kernels as a Node-API addon, built at installation where there is a compiler. */
export const nativeEngine: Engine = cpuEngine("native", nativeBackend);
/** The same kernels as WebAssembly, which runs everywhere. */
export const wasmEngine: Engine = cpuEngine("wasm", wasmBackend);
