import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { programVersion } from "./program/schema.js";

/** Which build runs the program. */
export type Backend =
  | { kind: "native"; isa: string; index: number; vectorWidth: number }
  | { kind: "wasm"; isa: WasmIsa; module: WebAssembly.Module; vectorWidth: number };

type WasmIsa = keyof typeof wasmFiles;

/** What native/binding.cpp exports. */
export interface NativeAddon {
  programVersion: number;
  /** @param memory from the arena's start @param done is called after each program @returns the threads */
  start(isa: number, memory: Uint8Array, threads: number, done: () => void): NativeThreads;
  /** Begins to run a program. */
  run(threads: NativeThreads, program: number): void;
  stop(threads: NativeThreads): void;
  peak(isa: number): number;
  supported(): { name: string; index: number; vectorWidth: number }[];
}

/** Threads as the addon hands them out. */
export type NativeThreads = { readonly nativeThreads: unique symbol };

const folder = new URL("../../../native/", import.meta.url);
const addonFile = fileURLToPath(new URL("build/kernels.node", folder));

/** Bytes of one thread's stack in the WebAssembly build, and where the first ends; static data lies below. */
const stackBytes = 64 * 1024;
const firstStack = 256 * 1024;

/** @returns where the arena begins in the shared memory, in bytes: behind static data and the threads' stacks */
export function arenaStart(threads: number): number {
  return firstStack + threads * stackBytes;
}

export function loadAddon(): NativeAddon {
  return createRequire(import.meta.url)(addonFile) as NativeAddon;
}

/** @returns the native build, or one sentence why there is none */
export function nativeBackend(): Backend | { reason: string } {
  try {
    return chooseNative(loadAddon());
  } catch (error) {
    return { reason: `The native kernels are not built: ${buildFailure() ?? (error as Error).message.split("\n")[0]}.` };
  }
}

/** @returns the addon's best instruction set of this processor, or MNIST_TUI_ISA's; or one sentence why it cannot serve */
export function chooseNative(addon: NativeAddon): Backend | { reason: string } {
  // After an update without an installation: kernels that read another program would compute nonsense.
  if (addon.programVersion !== programVersion)
    return { reason: "The native kernels were built for another version of this program: run npm run build:native." };
  const sets = addon.supported();
  const wanted = process.env.MNIST_TUI_ISA;
  const set = wanted ? sets.find((s) => s.name === wanted) : sets[0];
  if (!set) return { reason: `MNIST_TUI_ISA is ${wanted}, but this processor has ${sets.map((s) => s.name).join(", ")}.` };
  return { kind: "native", isa: set.name, index: set.index, vectorWidth: set.vectorWidth };
}

/** @returns what the build at installation said, where it failed */
function buildFailure(): string | undefined {
  try {
    const status = JSON.parse(readFileSync(new URL("build/status.json", folder), "utf8"));
    return typeof status.reason === "string" ? status.reason : undefined;
  } catch {
    return "npm run build:native has not run";
  }
}

/** The WebAssembly builds by their instruction sets. */
const wasmFiles = { "relaxed-simd": "kernels-relaxed.wasm", simd: "kernels.wasm" };

/** A module of one relaxed swizzle: whatever takes it has relaxed SIMD (as in the package wasm-feature-detect). */
const relaxedProbe = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0],
  ...[65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11],
);

/** Whether WebAssembly has a fused multiply-add here; Node 20 has it behind a flag. */
function hasRelaxedSimd(): boolean {
  if (!WebAssembly.validate(relaxedProbe) && process.versions.node.startsWith("20.")) {
    setFlagsFromString("--experimental-wasm-relaxed-simd");
  }
  return WebAssembly.validate(relaxedProbe);
}

/** The WebAssembly build, compiled once and shared by all threads; MNIST_TUI_ISA=simd does without relaxed SIMD. */
export function wasmBackend(): Backend | { reason: string } {
  const isa = process.env.MNIST_TUI_ISA !== "simd" && hasRelaxedSimd() ? "relaxed-simd" : "simd";
  try {
    const module = new WebAssembly.Module(readFileSync(new URL(wasmFiles[isa], folder)));
    return { kind: "wasm", isa, module, vectorWidth: 4 };
  } catch (error) {
    return { reason: `The WebAssembly kernels cannot be loaded: ${(error as Error).message}.` };
  }
}

/** @param thread whose stack it uses @returns a function that runs a program on the calling thread; program: offset in floats from the arena's start */
export function openWasm(module: WebAssembly.Module, memory: WebAssembly.Memory, thread: number, arena: number): (program: number) => void {
  const { exports } = instantiate(module, memory);
  (exports.__stack_pointer as WebAssembly.Global).value = firstStack + (thread + 1) * stackBytes;
  const run = exports.run as (arena: number, program: number, thread: number) => void;
  return (program) => run(arena, program, thread);
}

function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): WebAssembly.Instance {
  return new WebAssembly.Instance(module, { env: { memory, now: () => performance.now() } });
}

/** @returns floating-point operations a second that one thread can reach, every multiply-add counted as two; takes some 50 ms */
export function peakFlops(backend: Backend): number {
  if (backend.kind === "native") return 2 * loadAddon().peak(backend.index);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
  return 2 * (instantiate(backend.module, memory).exports.peak as () => number)();
}
