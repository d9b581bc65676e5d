import { loadAddon, type NativeBackend } from "./native.js";
import { instantiate, type WasmBackend } from "./wasm.js";

/** The build that runs the program. */
export type Backend = NativeBackend | WasmBackend;

/** @returns floating-point operations a second that one thread can reach, every multiply-add counted as two; takes some 50 ms */
export function peakFlops(backend: Backend): number {
  if (backend.kind === "native") return 2 * loadAddon().peak(backend.index);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
  return 2 * (instantiate(backend.module, memory).exports.peak as () => number)();
}
