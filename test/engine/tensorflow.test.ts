import { paritySuite } from "./parity.js";
import { describeEngine } from "./support/available.js";
import { leakSuite } from "./support/leaks.js";

/** Runs where a TensorFlow is linked (mnist-tui tensorflow link) or @tensorflow/tfjs-node-gpu could be installed. */
await describeEngine("tensorflow", (engine) => {
  leakSuite(engine);
  paritySuite(engine);
});
