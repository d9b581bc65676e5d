import type { AugmentConfig } from "../config/types.js";
import { augmentMatrices } from "../data/augment.js";
import { epochOrder } from "../data/sampler.js";
import type { Chunk } from "../engine/engine.js";
import { learningRates, type ScheduleRun } from "./schedule.js";

/** Work in a chunk: enough that nothing stands between two steps, little enough that a command or a curve never waits long. */
const targetMilliseconds = 75;

/**
 * How many steps to run at once. Results do not depend on it.
 * @param previous steps of the chunk before; 0 where there was none
 * @param millisecondsPerStep measured then
 * @returns at least 1, at most twice as many as before, and about 75 ms of work
 */
export function chunkSteps(previous: number, millisecondsPerStep: number): number {
  if (previous === 0) return 1;
  return Math.max(1, Math.min(2 * previous, Math.round(targetMilliseconds / Math.max(millisecondsPerStep, 1e-3))));
}

export function stepsPerEpoch(samples: number, batchSize: number): number {
  return Math.ceil(samples / batchSize);
}

export interface ChunkPlan {
  seed: number;
  samples: number;
  batchSize: number;
  augment: AugmentConfig;
  schedule: ScheduleRun;
}

/** Cuts a run into chunks: which samples, which learning rates, which augmentation. All follow from the seed and the step. */
export class ChunkPlanner {
  private order: { epoch: number; indices: Uint32Array } | undefined;
  private readonly perEpoch: number;

  constructor(private readonly plan: ChunkPlan) {
    this.perEpoch = stepsPerEpoch(plan.samples, plan.batchSize);
  }

  /**
   * @param step steps taken since the run began
   * @param wanted steps at most; a chunk ends with its epoch, and the smaller last batch of an epoch is a chunk of its own
   * @param learningRateFactor the user's factor of the schedule's rates
   */
  chunk(step: number, wanted: number, learningRateFactor: number): Chunk {
    const { seed, samples, batchSize, augment, schedule } = this.plan;
    const epoch = Math.floor(step / this.perEpoch);
    const first = step - epoch * this.perEpoch;
    const fullSteps = Math.floor(samples / batchSize);
    const partial = first >= fullSteps;
    const steps = partial ? 1 : Math.min(wanted, fullSteps - first);
    const size = partial ? samples - fullSteps * batchSize : batchSize;
    if (this.order?.epoch !== epoch) this.order = { epoch, indices: epochOrder(seed, epoch, samples) };
    const start = first * batchSize;
    return {
      batchSize: size,
      indices: this.order.indices.slice(start, start + steps * size),
      affine: augmentMatrices(augment, seed, step, steps, size),
      learningRates: learningRates(schedule, step, steps, learningRateFactor),
    };
  }
}
