import { paritySuite } from "./parity.js";
import { describeEngine } from "./support/available.js";

// The build without relaxed SIMD: the same source with the multiply-add in two roundings. wasm.test.ts has the presets.
process.env.MNIST_TUI_ISA = "simd";
await describeEngine("wasm", (engine) => paritySuite(engine, "small"));
