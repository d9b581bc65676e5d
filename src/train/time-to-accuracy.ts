import type { ModelConfig } from "../config/types.js";
import type { Dataset } from "../data/datasets.js";
import type { Engine } from "../engine/contract/engine.js";
import type { Session } from "../engine/contract/session.js";
import { buildModel } from "../model/presets.js";
import { ChunkPace, ChunkPlanner, stepsPerEpoch } from "./chunks.js";
import { accuracyOf } from "./metrics.js";

export interface AccuracyMeasurement {
  reached: boolean;
  /** Of the last evaluation, a fraction. */
  testAccuracy: number;
  epochs: number;
  steps: number;
  /** Training alone, the engine's preparations at the first step included. */
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
  const { preset, kernels, dropout, optimizer: type, momentum, weightDecay, batchSize, epochs } = config;
  const model = buildModel(preset, { kernels, dropout });
  const optimizer = { type, momentum, weightDecay };
  const session = await engine.create({ model, optimizer, seed, batchSize, normalization: dataset.normalization, threads, tf32 });
  const measured: AccuracyMeasurement = { reached: false, testAccuracy: 0, epochs: 0, steps: 0, trainingSeconds: 0, evaluationSeconds: 0 };
  try {
    session.load(dataset.train);
    const trainEpoch = epochTrainer(session, options);
    while (!measured.reached && measured.epochs < epochs) {
      const { steps, seconds } = await trainEpoch(measured.steps);
      measured.epochs++;
      measured.steps += steps;
      measured.trainingSeconds += seconds;
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

/** @returns trains the epoch that begins after `step` steps */
function epochTrainer(session: Session, { config, dataset, seed }: AccuracyOptions) {
  const { batchSize, learningRate, epochs, augment } = config;
  const samples = dataset.train.labels.length;
  const perEpoch = stepsPerEpoch(samples, batchSize);
  const schedule = { config: config.schedule, learningRate, stepsPerEpoch: perEpoch, epochs };
  const planner = new ChunkPlanner({ seed, samples, batchSize, augment, schedule });
  const pace = new ChunkPace(batchSize);
  return async (step: number): Promise<{ steps: number; seconds: number }> => {
    const trained = { steps: 0, seconds: 0 };
    while (trained.steps < perEpoch) {
      const chunk = planner.chunk(step + trained.steps, pace.next(), 1);
      const seconds = await timed(() => session.train(chunk));
      pace.observe(chunk, 1000 * seconds);
      trained.steps += chunk.learningRates.length;
      trained.seconds += seconds;
    }
    return trained;
  };
}

/** @returns seconds */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
