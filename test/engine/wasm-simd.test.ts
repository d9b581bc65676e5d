import { paritySuite } from "./parity.js";
import { describeEngine } from "./support/available.js";

// Tests the build without relaxed SIMD, whose multiply-add rounds twice. Its source is the same, so the presets are tested in wasm.test.ts only.
process.env.MNIST_TUI_ISA = "simd";
await describeEngine("wasm", (engine) => paritySuite(engine, "small"));
