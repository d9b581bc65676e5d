import type { AugmentConfig } from "../config/types.js";
import { augmentMatrices } from "../data/augment.js";
import { epochOrder } from "../data/sampler.js";
import type { Chunk } from "../engine/contract/session.js";
import { learningRates, type RunSchedule } from "./schedule.js";

/** Duration of a chunk: long enough that nothing stands between two steps, short enough that a command or a curve never waits long. */
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

/** Chooses the chunks' sizes by the time that the chunks before took. */
export class ChunkPace {
  private steps = 0;
  private wanted = 0;
  private millisecondsPerStep = 0;

  /** @param batchSize samples in a full step */
  constructor(private readonly batchSize: number) {}

  /** @returns steps that the next chunk should have */
  next(): number {
    this.wanted = chunkSteps(this.steps, this.millisecondsPerStep);
    return this.wanted;
  }

  /** @param milliseconds that training the chunk took; it may have fewer steps than `next` said */
  observe({ batchSize, learningRates: { length: steps } }: Chunk, milliseconds: number): void {
    // The time of an epoch's smaller last batch tells nothing about full ones.
    if (batchSize < this.batchSize) return;
    this.millisecondsPerStep = milliseconds / steps;
    // A chunk cut short by its epoch's end does not shrink the next one.
    this.steps = Math.max(steps, Math.min(this.wanted, this.steps));
  }
}

/** Everything that the samples, learning rates and augmentation of a run's steps follow from. */
export interface ChunkSource {
  seed: number;
  samples: number;
  batchSize: number;
  augment: AugmentConfig;
  schedule: RunSchedule;
}

/** Cuts a run into chunks: which samples, which learning rates, which augmentation. All follow from the seed and the step. */
export class ChunkPlanner {
  private order: { epoch: number; indices: Uint32Array } | undefined;
  private readonly perEpoch: number;

  constructor(private readonly source: ChunkSource) {
    this.perEpoch = stepsPerEpoch(source.samples, source.batchSize);
  }

  /**
   * @param step steps taken since the run began
   * @param wanted steps at most; a chunk ends with its epoch, and the smaller last batch of an epoch is a chunk of its own
   * @param learningRateFactor the user's factor on the schedule
   */
  chunk(step: number, wanted: number, learningRateFactor: number): Chunk {
    const { seed, samples, batchSize, augment, schedule } = this.source;
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
