// Opens training sessions of a built checkout in this process, for benchmarks whose sessions take turns of a tenth of a second.
import { fileURLToPath } from "node:url";

/**
 * @param root URL of a checkout's folder, ending with a slash
 * @returns open(preset, threads) → session; train(session, steps): steps of the batch size, on MNIST's first images or synthetic ones
 */
export async function openBuild(root, engineName, batchSize) {
  const load = (module) => import(new URL(`dist/${module}`, root).href);
  const [{ loadDataset }, { selectEngine }, { buildModel }] = await Promise.all([
    load("data/datasets.js"),
    load("engine/registry.js"),
    load("model/presets.js"),
  ]);
  const { train, normalization } = await loadDataset("mnist", { explicit: false, limitTrain: 10 * batchSize, onNotice: console.error });
  const { engine } = await selectEngine(engineName);
  const optimizer = { type: "adam", momentum: 0, weightDecay: 0 };
  return {
    name: fileURLToPath(root),
    async open(preset, threads) {
      const session = await engine.create({ model: buildModel(preset), optimizer, seed: 0, batchSize, normalization, threads });
      session.load(train);
      return session;
    },
    async train(session, steps) {
      const indices = Uint32Array.from({ length: steps * batchSize }, (_, i) => i % train.labels.length);
      await session.train({ batchSize, indices, learningRates: new Float32Array(steps).fill(1e-3) });
    },
  };
}

/** @returns the lower quartile, the median and the upper quartile, rounded to two decimal places */
export function quartiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return [1, 2, 3].map((quarter) => sorted[Math.floor((sorted.length * quarter) / 4)].toFixed(2));
}
