import { expect, test } from "vitest";
import { shippedPresets } from "../../dist/config/files.js";
import { flagSource, resolveOptions } from "../../dist/config/resolve.js";
import { loadDataset } from "../../dist/data/datasets.js";
import { wasmEngine } from "../../dist/engine/cpu/engine.js";
import { timeToAccuracy } from "../../dist/train/time-to-accuracy.js";

test("training ends with the epoch that reaches the accuracy, or with the last one", async () => {
  const dataset = await loadDataset("synthetic", { explicit: true, limitTrain: 640, limitTest: 100 });
  const flags = flagSource({ model: "compact", batchSize: 60, epochs: 3 });
  const [config] = resolveOptions({ flags }, shippedPresets(), new Date()).config.models;
  const measure = (wanted: number) => timeToAccuracy(wasmEngine, { config, dataset, wanted, seed: 0, threads: 1 });
  expect(await measure(0.01)).toMatchObject({ reached: true, epochs: 1, steps: 11 });
  const measured = await measure(1.1);
  expect(measured).toMatchObject({ reached: false, epochs: 3, steps: 33 });
  expect(measured.trainingSeconds).toBeGreaterThan(0);
});
