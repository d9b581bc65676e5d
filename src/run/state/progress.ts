import { ended, workSeconds } from "./model.js";
import type { ModelState, RunState } from "./state.js";

/** @returns the part of the model's steps that is done, in [0, 1]; 0 before its start is known */
export function fractionDone(model: ModelState): number {
  const total = totalSteps(model);
  if (model.status === "done" && model.done?.reason !== "interrupted") return 1;
  return total > 0 ? Math.min(1, Math.max(0, model.step / total)) : 0;
}

/** Steps of the whole training; 0 before its start is known. */
function totalSteps(model: ModelState): number {
  return model.start === undefined ? 0 : model.start.epochs * model.start.stepsPerEpoch;
}

/** @returns seconds of training and evaluating still to come at the pace so far; undefined before there is one */
export function secondsLeft(model: ModelState): number | undefined {
  if (ended(model)) return 0;
  const total = totalSteps(model);
  const taken = model.step - model.origin.step;
  const spent = workSeconds(model);
  if (total <= 0 || taken <= 0 || spent <= 0) return undefined;
  return ((total - model.step) * spent) / taken;
}

/**
 * @returns images a second over all steps of the model's training, those before a resume included, without evaluations and pauses;
 * undefined before the first step
 */
export function meanSpeed({ start, step, seconds }: ModelState): number | undefined {
  if (start === undefined || !(start.stepsPerEpoch > 0) || !(seconds > 0)) return undefined;
  const { batchSize, stepsPerEpoch, trainSamples } = start;
  const epochs = Math.floor(step / stepsPerEpoch);
  // The last step of an epoch has the images that are left.
  const images = epochs * trainSamples + Math.min(trainSamples, (step - epochs * stepsPerEpoch) * batchSize);
  return images > 0 ? images / seconds : undefined;
}

/** The whole run: mean of the models' fractions, and the time until the last one ends. */
export function runProgress(state: RunState): { fraction: number; secondsLeft: number | undefined; running: number } {
  const { models } = state;
  if (models.length === 0) return { fraction: 0, secondsLeft: undefined, running: 0 };
  const open = models.filter((model) => !ended(model));
  const left = open.map(secondsLeft);
  return {
    fraction: models.reduce((sum, model) => sum + (model.status === "failed" ? 1 : fractionDone(model)), 0) / models.length,
    secondsLeft: left.includes(undefined) ? undefined : Math.max(0, ...(left as number[])),
    running: open.length,
  };
}

/** @returns whether every model of a run has ended; false before the first model is known */
export function allEnded({ models }: RunState): boolean {
  return models.length > 0 && models.every(ended);
}

/** @returns seconds of training until the test accuracy first reached `target` (a fraction), or undefined */
export function secondsToTarget(model: ModelState, target: number): number | undefined {
  return model.evaluations.find((evaluation) => evaluation.testAccuracy >= target)?.seconds;
}
