import { buildModel } from "../model/presets.js";
import { type ModelKey, splitSizes } from "./settings.js";
import type { ModelConfig, RunConfig } from "./types.js";

/** Settings that do something else in a run than their names promise, and what they do: sentences for the user. */

/** @returns the batch size that a run trains with: no more than its training images */
export function fittingBatch({ limitTrain = splitSizes.train }: Pick<RunConfig, "limitTrain">, batchSize: number): number {
  return Math.min(batchSize, limitTrain);
}

/** @returns the configuration with batches no larger than the training images, and a sentence for each batch size that was lowered */
export function fitBatches(config: RunConfig): { config: RunConfig; notices: string[] } {
  const notices: string[] = [];
  const models = config.models.map((model) => {
    const batchSize = fittingBatch(config, model.batchSize);
    if (batchSize === model.batchSize) return model;
    notices.push(
      `The batch size of ${model.name} is ${batchSize} instead of ${model.batchSize}: there are only ${batchSize} training images.`,
    );
    return { ...model, batchSize };
  });
  return { config: { ...config, models }, notices };
}

/** @param given whether the user gave the setting: a default needs no word */
export function effectNotices(model: ModelConfig, given: (key: ModelKey) => boolean): string[] {
  const { name, preset, dropout = 0, epochs, schedule, earlyStop } = model;
  const notices: string[] = [];
  if (dropout > 0 && given("dropout") && !buildModel(preset).layers.some(({ type }) => type === "dropout"))
    notices.push(`${name} has no dropout layer of its own: one with the rate ${dropout} is put before its last dense layer.`);
  if (schedule.type === "step" && schedule.stepSize >= epochs && (given("schedule") || given("stepSize"))) {
    const first = `would first drop after ${schedule.stepSize} of ${epochs} epochs`;
    notices.push(`The learning rate of ${name} never drops: its step schedule ${first}; lower --step-size or raise --epochs.`);
  }
  if (earlyStop >= epochs && given("earlyStop"))
    notices.push(
      `${name} never stops early: it would after ${earlyStop} epochs without improvement, and has ${epochs}; lower --early-stop.`,
    );
  return notices;
}
