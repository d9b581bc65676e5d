import { afterEach, expect, it, vi } from "vitest";
import { chooseNative, type NativeAddon, wasmBackend } from "../../dist/engine/cpu/backend.js";
import { programVersion } from "../../dist/engine/cpu/program/schema.js";

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

it("the best instruction set is chosen, or the one asked for", () => {
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

it("WebAssembly runs with relaxed SIMD, which every supported Node has, Node 20 behind a flag; or without where asked to", () => {
  expect(wasmBackend()).toMatchObject({ kind: "wasm", isa: "relaxed-simd" });
  vi.stubEnv("MNIST_TUI_ISA", "simd");
  expect(wasmBackend()).toMatchObject({ kind: "wasm", isa: "simd" });
});
