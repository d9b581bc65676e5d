import { afterEach, expect, it, vi } from "vitest";
import { programVersion } from "../../dist/engine/cpu/program/schema.js";
import { chooseNative, type NativeAddon } from "../../dist/engine/cpu/run/native.js";
import { arenaStart, openWasm, type WasmBackend, wasmBackend } from "../../dist/engine/cpu/run/wasm.js";

const addon: NativeAddon = {
  programVersion,
  start: () => {
    throw new Error("not here");
  },
  run() {},
  stop() {},
  peak: () => 1,
  supported: () => [
    { name: "wide", index: 0, vectorWidth: 16 },
    { name: "narrow", index: 2, vectorWidth: 4 },
  ],
};

afterEach(() => vi.unstubAllEnvs());

it("the native build runs with the best instruction set, or with the requested one", () => {
  expect(chooseNative(addon)).toEqual({ kind: "native", isa: "wide", index: 0, vectorWidth: 16 });
  vi.stubEnv("MNIST_TUI_ISA", "narrow");
  expect(chooseNative(addon)).toMatchObject({ isa: "narrow", index: 2 });
  vi.stubEnv("MNIST_TUI_ISA", "other");
  expect(chooseNative(addon)).toEqual({ reason: "MNIST_TUI_ISA is other, but this processor has wide, narrow." });
});

it("kernels of another version are refused: they would read the program wrongly", () => {
  const reason = "The native kernels were built for another version of this program: run npm run build:native.";
  expect(chooseNative({ ...addon, programVersion: programVersion - 1 })).toEqual({ reason });
});

it("kernels of another version are refused in WebAssembly, too", () => {
  const { module } = wasmBackend() as WasmBackend;
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  const thread = { module, memory, thread: 0, arena: arenaStart(1), programVersion };
  expect(openWasm(thread)).toBeTypeOf("function");
  expect(() => openWasm({ ...thread, programVersion: programVersion + 1 })).toThrow(
    "The WebAssembly kernels were built for another version of this program: run npm run build:wasm.",
  );
});

it("WebAssembly runs with relaxed SIMD, which every supported Node has (Node 20 behind a flag), or without it on request", () => {
  expect(wasmBackend()).toMatchObject({ kind: "wasm", isa: "relaxed-simd" });
  vi.stubEnv("MNIST_TUI_ISA", "simd");
  expect(wasmBackend()).toMatchObject({ kind: "wasm", isa: "simd" });
});
