import { randomKey, randomUniform, streams } from "../util/random.js";
import type { Model } from "./model.js";

/**
 * Initial values of every parameter and batch-norm statistic, by PyTorch name in table order. Element i of parameter p of the
 * table is (2u − 1)·bound with u the i-th number of the key (seed, initialize, p), in double, then rounded to float32: every engine
 * starts with the same bits.
 * @param seed 32-bit unsigned
 */
export function initialTensors(model: Model, seed: number): Map<string, { shape: readonly number[]; data: Float32Array }> {
  return new Map(
    model.parameters.map(({ name, shape, size, initial }, index) => {
      const data = new Float32Array(size);
      if ("value" in initial) data.fill(initial.value);
      else {
        const key = randomKey(seed, streams.initialize, index);
        for (let i = 0; i < size; i++) data[i] = (2 * randomUniform(key, i) - 1) * initial.bound;
      }
      return [name, { shape, data }];
    }),
  );
}
