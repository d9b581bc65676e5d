import { describe } from "vitest";
import { referenceEngine } from "../../dist/engine/reference/engine.js";
import { contractSuite } from "./contract.js";

/** It needs no parity with itself; gradients.test.ts, kernels.test.ts and tfjs.test.ts say that it is right. */
describe("engine reference", () => contractSuite(referenceEngine));
