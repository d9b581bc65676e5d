import type { Engine } from "../contract/engine.js";
import { ReferenceSession } from "./session.js";

/**
 * The engine that is right by inspection: plain TypeScript, one loop nest a formula, sums in double, values stored as float32. Every parity
 * test compares an engine with it. It trains on a few images a second.
 *
 * Read it from session.ts (a training step) over network.ts (forward and backward, layer by layer) to the formulas: conv.ts, dense.ts,
 * batch-norm.ts, pool.ts, elementwise.ts, loss.ts, image.ts (augmentation), optimizer.ts.
 *
 * Dimensions: N samples of the batch, C channels, H×W pixels, O filters or units, P×Q output pixels. Layouts are PyTorch's.
 */
export const referenceEngine: Engine = {
  name: "reference",
  unavailable: async () => undefined,
  create: async (options) => new ReferenceSession(options),
};
