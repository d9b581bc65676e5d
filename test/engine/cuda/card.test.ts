import { paritySuite } from "../parity.js";
import { describeEngine } from "../support/available.js";
import { tf32Suite } from "./tf32.js";

// The suites on a real GPU, where there is one, through the machine's own driver. vitest.config.ts hides that driver from all other tests.
delete process.env.MNIST_TUI_LIBCUDA;
await describeEngine("cuda", (engine) => {
  paritySuite(engine);
  tf32Suite(engine);
});
