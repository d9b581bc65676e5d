import type { Chunk } from "../../../dist/engine/contract/session.js";
import { gatherImages } from "../../../dist/engine/reference/image.js";
import { Network } from "../../../dist/engine/reference/network.js";
import { initialTensors } from "../../../dist/model/initialize.js";
import type { Model } from "../../../dist/model/model.js";
import { executionOrder } from "../../../dist/model/nodes.js";
import type { Shape } from "../../../dist/model/shape.js";
import { normalization } from "./images.js";
import { once } from "./once.js";
import { trainSplit } from "./sessions.js";

/** A share of a layer's typical value: about ten times the difference between float32 engines. */
const margin = 1e-5;

/**
 * A value within rounding of 0 may pass a relu in one engine and not in another, both correctly, and so may its whole gradient, which in a small
 * batch is a per cent of a channel's. So gradients are compared from weights with which no relu and no maximum is that near to its kink.
 * @returns a session seed with such initial weights for the chunk's first step
 */
export function clearSeed(model: Model, chunk: Chunk): Promise<number> {
  const { batchSize, indices, affine } = chunk;
  return once(`clear seed > ${JSON.stringify([model, batchSize, indices, affine])}`, () => {
    for (let seed = 7; seed < 107; seed++) if (standsClear(model, chunk, seed)) return seed;
    throw new Error(`No seed keeps ${model.preset} clear of its kinks with ${batchSize} samples.`);
  });
}

function standsClear(model: Model, { batchSize, indices, affine }: Chunk, seed: number): boolean {
  const network = new Network(model, Float32Array);
  for (const [name, { data }] of initialTensors(model, seed)) network.parameters.get(name)!.set(data);
  const x = new Float32Array(batchSize * 784);
  gatherImages(trainSplit.images, indices.subarray(0, batchSize), affine?.subarray(0, batchSize * 6), normalization, x);
  network.forward(x, batchSize, { type: "train", seed, step: 0 });
  return executionOrder(model.nodes).every(({ id, layer, input }) => {
    const values = network.inputOf(id)! as Float32Array;
    if (layer.type === "relu") return reluIsClear(values);
    return layer.type !== "maxPool" || poolIsClear(values, input);
  });
}

/** An exact 0 is 0 in every engine, since it comes from zeros. */
function reluIsClear(values: Float32Array): boolean {
  const near = margin * typical(values);
  return values.every((value) => value === 0 || Math.abs(value) > near);
}

/** Exact ties are ties in every engine, since they come from equal pixels, or from zeros behind a relu. */
function poolIsClear(values: Float32Array, [, height, width]: Shape): boolean {
  const near = margin * typical(values);
  for (let plane = 0; plane < values.length; plane += height * width) {
    for (let row = 0; row + 1 < height; row += 2) {
      for (let column = 0; column + 1 < width; column += 2) {
        const corner = plane + row * width + column;
        const window = [values[corner], values[corner + 1], values[corner + width], values[corner + width + 1]];
        const highest = Math.max(...window);
        if (window.some((value) => value !== highest && highest - value < near)) return false;
      }
    }
  }
  return true;
}

/** @returns the root of the mean square */
function typical(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
