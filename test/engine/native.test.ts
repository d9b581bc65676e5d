import { paritySuite } from "./parity.js";
import { describeEngine } from "./support/available.js";

await describeEngine("native", paritySuite);
