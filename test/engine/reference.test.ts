import { describe } from "vitest";
import { referenceEngine } from "../../dist/engine/reference/engine.js";
import { contractSuite } from "./contract.js";

/** The reference engine has no parity suite; gradients.test.ts, kernels.test.ts and tfjs.test.ts check its results. */
describe("engine reference", () => contractSuite(referenceEngine));
