import { shippedPresets } from "../config/files.js";
import { flagSource, resolveOptions } from "../config/resolve.js";
import { loadDataset } from "../data/datasets.js";
import type { Engine } from "../engine/contract/engine.js";
import { type AccuracyMeasurement, timeToAccuracy } from "../train/time-to-accuracy.js";
import { UserError } from "../util/errors.js";
import { writeOutput, writeText } from "./output.js";
import { formatTable } from "./table.js";

/** Epochs at most, where the entry does not say. */
const mostEpochs = 20;

interface AccuracyBench {
  models: string;
  batches: readonly number[];
  /** Per cent. */
  accuracy: number;
  threads: number;
  tf32?: boolean;
  json?: boolean;
}

/** `mnist-tui bench --to-accuracy`: how long models train until they read MNIST's test images that well. @throws UserError where one does not */
export async function benchAccuracy(engine: Engine, { models, batches, accuracy, threads, tf32, json }: AccuracyBench): Promise<void> {
  const plans = batches.flatMap((batchSize) => {
    const { config } = resolveOptions(
      { flags: flagSource({ compare: models, batchSize, epochs: mostEpochs }) },
      shippedPresets(),
      new Date(),
    );
    return config.models.map((model) => ({ model, seed: config.seed }));
  });
  const dataset = await loadDataset("mnist", { explicit: true });
  const rows: (AccuracyMeasurement & { engine: string; model: string; batch: number; threads: number })[] = [];
  for (const { model, seed } of plans) {
    const measured = await timeToAccuracy(engine, { config: model, dataset, wanted: accuracy / 100, seed, threads, tf32 });
    rows.push({ engine: engine.name, model: model.name, batch: model.batchSize, threads, ...measured });
    if (json) writeOutput(`${JSON.stringify(rows.at(-1))}\n`);
  }
  if (!json) {
    const cells = rows.map((row) => [
      ...[row.engine, row.model, String(row.batch), row.trainingSeconds.toFixed(3), row.evaluationSeconds.toFixed(3)],
      ...[String(row.epochs), String(row.steps), `${(100 * row.testAccuracy).toFixed(2)} %`],
    ]);
    const headings = ["engine", "model", "batch", "training s", "evaluation s", "epochs", "steps", "test accuracy"];
    writeText(`${formatTable([headings, ...cells], "llrrrrrr").join("\n")}\n`);
  }
  const short = rows.find(({ reached }) => !reached);
  if (!short) return;
  throw new UserError(
    `${short.model} reached ${(100 * short.testAccuracy).toFixed(2)} % in ${short.epochs} epoch${short.epochs === 1 ? "" : "s"}, not ${accuracy} %; allow more, as in --models ${short.model}:epochs=50.`,
  );
}
