import { paritySuite } from "../parity.js";
import { describeEngine } from "../support/available.js";
import { tf32Suite } from "./tf32.js";

// On a GPU, where there is one: with the machine's own driver, of which vitest.config.ts keeps the other tests away.
delete process.env.MNIST_TUI_LIBCUDA;
await describeEngine("cuda", (engine) => {
  paritySuite(engine);
  tf32Suite(engine);
});
