import { describe } from "vitest";
import { cudaEngine } from "../../../dist/engine/cuda/engine.js";
import { paritySuite } from "../parity.js";
import { buildEmulator } from "./emulator/build.js";

const emulator = buildEmulator();
if ("library" in emulator) {
  // Of this file alone: vitest gives each a process.
  process.env.MNIST_TUI_LIBCUDA = emulator.library;
  describe("engine cuda, emulated", () => paritySuite(cudaEngine));
} else {
  describe.skip(`engine cuda, emulated, which cannot run here: ${emulator.reason}`, () => paritySuite(cudaEngine));
}
