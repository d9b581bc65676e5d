import type { ModelConfig } from "../config/types.js";
import type { Dataset } from "../data/datasets.js";
import type { Engine } from "../engine/engine.js";
import { buildModel } from "../model/presets.js";
import { ChunkPlanner, chunkSteps, stepsPerEpoch } from "./chunks.js";
import { accuracyOf } from "./metrics.js";

export interface AccuracyMeasurement {
  reached: boolean;
  /** Of the last evaluation, a fraction. */
  testAccuracy: number;
  epochs: number;
  steps: number;
  /** Training alone, from the first step, with the engine's preparations then. */
  trainingSeconds: number;
  evaluationSeconds: number;
}

interface AccuracyOptions {
  config: ModelConfig;
  dataset: Dataset;
  /** A fraction. */
  wanted: number;
  seed: number;
  threads: number;
  tf32?: boolean;
}

/** Trains as a run does, evaluating after every epoch, until the test accuracy is reached or the configuration's epochs are over. */
export async function timeToAccuracy(engine: Engine, options: AccuracyOptions): Promise<AccuracyMeasurement> {
  const { config, dataset, wanted, seed, threads, tf32 } = options;
  const { preset, kernels, dropout, optimizer: type, momentum, weightDecay, batchSize, learningRate, epochs, augment } = config;
  const samples = dataset.train.labels.length;
  const perEpoch = stepsPerEpoch(samples, batchSize);
  const schedule = { config: config.schedule, learningRate, stepsPerEpoch: perEpoch, epochs };
  const planner = new ChunkPlanner({ seed, samples, batchSize, augment, schedule });
  const model = buildModel(preset, { kernels, dropout });
  const optimizer = { type, momentum, weightDecay };
  const session = await engine.create({ model, optimizer, seed, batchSize, normalization: dataset.normalization, threads, tf32 });
  const measured: AccuracyMeasurement = { reached: false, testAccuracy: 0, epochs: 0, steps: 0, trainingSeconds: 0, evaluationSeconds: 0 };
  try {
    session.load(dataset.train);
    let size = 0;
    let millisecondsPerStep = 0;
    while (!measured.reached && measured.epochs < epochs) {
      while (measured.steps < (measured.epochs + 1) * perEpoch) {
        const wantedSteps = chunkSteps(size, millisecondsPerStep);
        const chunk = planner.chunk(measured.steps, wantedSteps, 1);
        const seconds = await timed(() => session.train(chunk));
        const steps = chunk.learningRates.length;
        measured.trainingSeconds += seconds;
        measured.steps += steps;
        if (chunk.batchSize < batchSize) continue;
        millisecondsPerStep = (1000 * seconds) / steps;
        size = Math.max(steps, Math.min(wantedSteps, size));
      }
      measured.epochs++;
      measured.evaluationSeconds += await timed(async () => {
        const { predictions } = await session.evaluate(dataset.test);
        measured.testAccuracy = accuracyOf(dataset.test.labels, predictions);
      });
      measured.reached = measured.testAccuracy >= wanted;
    }
    return measured;
  } finally {
    await session.dispose();
  }
}

/** @returns seconds */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
