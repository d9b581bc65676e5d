import { expect, it } from "vitest";
import type { Engine } from "../../dist/engine/contract/engine.js";
import { type OptimizerSettings, optimizerNames, optimizers as table } from "../../dist/model/optimizers.js";
import { describeEngine } from "./support/available.js";
import { testChunk } from "./support/images.js";
import { tinyModel } from "./support/models.js";
import { samples, withSession } from "./support/sessions.js";

const optimizers = optimizerNames.map(
  (type): OptimizerSettings => ({ type, momentum: table[type].takesMomentum ? 0.9 : 0, weightDecay: 0 }),
);
/** Models with a first layer that has no gradient where all images are black, and a parameter of that layer: one updated tile by tile, one lane by lane. */
const layers = [
  ["dense alone", "fc1.weight"],
  ["conv 3×3 same, pool", "conv1.weight"],
] as const;

/** Moments must not become subnormal: arithmetic with such numbers takes a hundred cycles, and 0.9 of the smallest rounds to itself. */
function settlingSuite(engine: Engine): void {
  it.each(optimizers.flatMap((optimizer) => layers.map(([model, parameter]) => ({ type: optimizer.type, optimizer, model, parameter }))))(
    "moments of $type become zero when they have decayed far enough, and small ones stay ($parameter)",
    async ({ optimizer, model, parameter }) => {
      const options = { model: tinyModel(model), optimizer, normalization: { mean: 0, std: 1 } };
      await withSession(engine, options, async (session) => {
        session.load({ images: new Uint8Array(samples * 784), labels: new Uint8Array(samples) });
        const before = session.read();
        const moments = [...before.tensors.keys()].filter((name) => name.endsWith(`/${parameter}`));
        for (const name of moments) {
          const { data } = before.tensors.get(name)!;
          data.set(data.map((_, i) => (i % 2 === 0 ? 1e-34 : 1e-20)));
        }
        session.write(before);
        await session.train(testChunk({ batchSize: 12, steps: 1, samples, learningRate: 0.01 }));
        const { tensors } = session.read();
        expect(moments).not.toHaveLength(0);
        for (const name of moments) {
          const { data } = tensors.get(name)!;
          expect(
            data.every((value, i) => (i % 2 === 0 ? value === 0 : value > 8e-21)),
            name,
          ).toBe(true);
        }
      });
    },
  );
}

for (const name of ["native", "wasm"] as const) await describeEngine(name, settlingSuite);
