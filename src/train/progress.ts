import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { settledDirectory } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";
import { type EarlyStopping, freshEarlyStopping } from "./early-stopping.js";
import { type Best, emptySums, type TrainingSums } from "./metrics.js";

/** The state of training beyond the weights: with the state of the session, all that an exact resume needs. Stored in model.json. */
export interface Progress {
  /** Optimizer steps taken. */
  step: number;
  /** Epochs trained and evaluated. */
  epochs: number;
  /** Of the epoch that has begun. */
  sums: TrainingSums;
  /** Training time of the whole run, without evaluation and pauses. */
  seconds: number;
  /** Factor of the schedule's learning rate that the user has set. */
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
 * Reads where a model's training stood, without verifying the checkpoint's files.
 * @returns undefined where the folder holds no checkpoint
 * @throws UserError where its model.json cannot be read
 */
export async function storedProgress(checkpointDir: string): Promise<Progress | undefined> {
  const file = join(await settledDirectory(checkpointDir), "model.json");
  if (!existsSync(file)) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(`Cannot read ${file}: ${(error as Error).message}; resume another run or train again.`);
  }
  return parseProgress((json as { progress?: unknown } | null)?.progress, file);
}

/**
 * Whether a trainer has nothing left to do when it is resumed for `epochs` epochs. Early stopping ended the run for good, as it would have
 * in a longer one; a model that the user stopped goes on only for more epochs than before.
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
