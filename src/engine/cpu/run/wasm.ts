import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";

/** The WebAssembly build. */
export interface WasmBackend {
  kind: "wasm";
  isa: keyof typeof wasmFiles;
  module: WebAssembly.Module;
  vectorWidth: number;
}

/** The data with which a thread opens the kernels. */
export interface WasmThread {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** Of which stack it uses. */
  thread: number;
  /** Where the arena begins in the memory, in bytes. */
  arena: number;
  /** Of the programs that it is going to run. */
  programVersion: number;
}

const folder = new URL("../../../../native/", import.meta.url);

/** Bytes of one thread's stack in the WebAssembly build, and where the first ends; static data lies below. */
const stackBytes = 64 * 1024;
const firstStack = 256 * 1024;

/** @returns where the arena begins in the shared memory, in bytes: behind static data and the threads' stacks */
export function arenaStart(threads: number): number {
  return firstStack + threads * stackBytes;
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
export function wasmBackend(): WasmBackend | { reason: string } {
  const isa = process.env.MNIST_TUI_ISA !== "simd" && hasRelaxedSimd() ? "relaxed-simd" : "simd";
  try {
    const module = new WebAssembly.Module(readFileSync(new URL(wasmFiles[isa], folder)));
    return { kind: "wasm", isa, module, vectorWidth: 4 };
  } catch (error) {
    return { reason: `The WebAssembly kernels cannot be loaded: ${(error as Error).message}.` };
  }
}

/**
 * @returns a function that runs a program on the calling thread; program: offset in floats from the arena's start
 * @throws Error where the build reads programs of another version
 */
export function openWasm({ module, memory, thread, arena, programVersion }: WasmThread): (program: number) => void {
  const { exports } = instantiate(module, memory);
  if ((exports.programVersion as () => number)() !== programVersion)
    throw new Error("The WebAssembly kernels were built for another version of this program: run npm run build:wasm.");
  (exports.__stack_pointer as WebAssembly.Global).value = firstStack + (thread + 1) * stackBytes;
  const run = exports.run as (arena: number, program: number, thread: number) => void;
  return (program) => run(arena, program, thread);
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): WebAssembly.Instance {
  return new WebAssembly.Instance(module, { env: { memory, now: () => performance.now() } });
}
