import { UserError } from "../util/errors.js";
import { type EarlyStopping, freshEarlyStopping } from "./early-stopping.js";
import { type Best, emptySums, type TrainingSums } from "./metrics.js";

/** Where a trainer is, beyond the weights: with the state of the session, all that an exact resume needs. Stored in model.json. */
export interface Progress {
  /** Optimizer steps taken. */
  step: number;
  /** Epochs trained and evaluated. */
  epochs: number;
  /** Of the epoch that has begun. */
  sums: TrainingSums;
  /** Training time of the whole run, without evaluation and pauses. */
  seconds: number;
  /** What the user has multiplied the schedule's learning rate by. */
  learningRateFactor: number;
  earlyStopping: EarlyStopping;
  best?: Best;
  /** The newest evaluation. */
  newest?: { testAccuracy: number; testLoss: number };
  /** Why there is nothing left to train; absent while there is. */
  finished?: "completed" | "early-stop" | "stopped";
}

export function freshProgress(): Progress {
  return { step: 0, epochs: 0, sums: emptySums, seconds: 0, learningRateFactor: 1, earlyStopping: freshEarlyStopping };
}

/** @param stored the `progress` of a model.json @throws UserError where it is none, naming the file */
export function parseProgress(stored: unknown, file: string): Progress {
  const progress = stored as Partial<Progress> | null | undefined;
  const numbers = [progress?.step, progress?.epochs, progress?.seconds, progress?.learningRateFactor, progress?.earlyStopping?.waited];
  const sums = [progress?.sums?.loss, progress?.sums?.correct, progress?.sums?.samples, progress?.sums?.seconds];
  if ([...numbers, ...sums].every((value) => typeof value === "number" && Number.isFinite(value))) return progress as Progress;
  throw new UserError(`${file} does not say where its training stood, so it cannot be resumed; resume another run or train again.`);
}

/**
 * Whether a trainer has more to do when it is resumed for `epochs` epochs. Early stopping ended the run for good, as it would have
 * in a longer one; what the user stopped goes on only for more epochs than before.
 */
export function isFinished({ finished, epochs: done }: Progress, epochs: number, previousEpochs: number): boolean {
  switch (finished) {
    case undefined:
      return false;
    case "completed":
      return done >= epochs;
    case "early-stop":
      return true;
    case "stopped":
      return epochs <= previousEpochs;
  }
}
