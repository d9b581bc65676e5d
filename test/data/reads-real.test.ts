import { describe, expect, it } from "vitest";
import { loadDataset } from "../../dist/data/datasets.js";
import { epochOrder } from "../../dist/data/sampler.js";
import { generate } from "../../dist/data/synthetic/store.js";
import { selectEngine } from "../../dist/engine/registry.js";
import { buildModel } from "../../dist/model/presets.js";
import { realData } from "./real.js";

/** A part of the set, which suffices for this test: the whole set reaches 97 % in five epochs. */
const digits = 12_000;
const batchSize = 64;
const epochs = 2;

describe.skipIf(!realData)("a model that has seen only synthetic digits", () => {
  it("reads more than 95 % of MNIST's test images", async () => {
    const { train } = await generate(digits, 0, {});
    const { test, normalization } = await loadDataset("mnist", { explicit: true, dataDir: realData, limitTrain: 1 });
    const { engine } = await selectEngine("auto");
    const session = await engine.create({
      model: buildModel("simple"),
      optimizer: { type: "adam", momentum: 0, weightDecay: 0 },
      seed: 0,
      batchSize,
      normalization,
      threads: 2,
    });
    try {
      session.load(train);
      const steps = Math.floor(digits / batchSize);
      for (let epoch = 0; epoch < epochs; epoch++) {
        const indices = epochOrder(0, epoch, digits).slice(0, steps * batchSize);
        const progress = (step: number) => (epoch * steps + step) / (epochs * steps);
        const learningRates = Float32Array.from({ length: steps }, (_, step) => 0.001 * (1 + Math.cos(Math.PI * progress(step))));
        await session.train({ batchSize, indices, learningRates });
      }
      const { predictions } = await session.evaluate(test);
      const correct = predictions.reduce((sum, digit, i) => sum + Number(digit === test.labels[i]), 0);
      expect(correct / test.labels.length).toBeGreaterThan(0.95);
    } finally {
      await session.dispose();
    }
  });
});
