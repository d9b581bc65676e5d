import { paritySuite } from "../parity.js";
import { describeEngine } from "../support/available.js";

// On a GPU, where there is one.
await describeEngine("cuda", paritySuite);
