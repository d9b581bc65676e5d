import { optimizers } from "../model/optimizers.js";
import { UserError } from "../util/errors.js";
import { noAugment } from "./augment.js";
import { scheduleDefaults } from "./defaults.js";
import type { ModelKey, ModelSettings } from "./settings.js";
import type { ModelConfig } from "./types.js";

/** One source of a model's settings, as seen by that model; later layers win. */
export interface Layer {
  label(key: string): string;
  settings: ModelSettings;
  /** preset: gives way silently; all: for every model of the run; entry: for this one. */
  from: "preset" | "all" | "entry";
}

/** A setting that changes nothing for this model, such as a momentum for Adam. */
export interface IdleSetting {
  key: ModelKey;
  label: string;
  from: Layer["from"];
  /** Continues the label to a sentence. */
  why: string;
}

/**
 * Merges the layers, lowest first, into a model's full configuration.
 * @throws UserError (exit code 2) for an impossible combination
 */
export function resolveModel(
  preset: string,
  name: string,
  layers: readonly Layer[],
  defaults: { epochs: number; batchSize: number },
): { config: ModelConfig; idle: IdleSetting[] } {
  const find = <K extends ModelKey>(key: K) => {
    const rank = layers.findLastIndex((layer) => layer.settings[key] !== undefined);
    return rank < 0 ? undefined : { value: layers[rank].settings[key] as NonNullable<ModelSettings[K]>, rank, layer: layers[rank] };
  };
  const optimizer = find("optimizer");
  const type = optimizer?.value ?? "adam";
  /** A preset's learning rate and momentum were chosen for its own optimizer. */
  const withOptimizer = (key: "lr" | "momentum") => {
    const found = find(key);
    const foreign = found?.layer.from === "preset" && optimizer?.layer.from !== "preset" && type !== found.layer.settings.optimizer;
    return foreign ? undefined : found;
  };
  const momentum = withOptimizer("momentum");
  const usesMomentum = optimizers[type].takesMomentum;
  const schedule = find("schedule");
  const scheduleType = schedule?.value ?? "constant";
  const warmup = find("warmup");

  const config: ModelConfig = {
    name,
    preset,
    kernels: find("kernels")?.value,
    dropout: find("dropout")?.value,
    epochs: find("epochs")?.value ?? defaults.epochs,
    batchSize: find("batchSize")?.value ?? defaults.batchSize,
    learningRate: withOptimizer("lr")?.value ?? optimizers[type].learningRate,
    optimizer: type,
    momentum: usesMomentum ? (momentum?.value ?? optimizers[type].momentum) : 0,
    weightDecay: find("weightDecay")?.value ?? 0,
    schedule: {
      type: scheduleType,
      stepSize: find("stepSize")?.value ?? scheduleDefaults.stepSize,
      gamma: find("gamma")?.value ?? scheduleDefaults.gamma,
      warmup: scheduleType === "onecycle" ? 0 : (warmup?.value ?? 0),
    },
    augment: find("augment")?.value ?? { ...noAugment },
    earlyStop: find("earlyStop")?.value ?? 0,
    minDelta: find("minDelta")?.value ?? 0,
  };
  if (warmup && config.schedule.warmup >= config.epochs) {
    throw new UserError(
      `${warmup.layer.label("warmup")} must be shorter than the ${config.epochs} epochs of ${name}, got ${warmup.value}; lower it or raise --epochs.`,
      2,
    );
  }

  const idle: IdleSetting[] = [];
  /** Settings below the one that made them superfluous simply gave way to it. */
  const note = (key: ModelKey, because: { rank: number } | undefined, why: string) => {
    const found = find(key);
    if (!found || found.layer.from === "preset" || found.rank < (because?.rank ?? 0) || found.value === 0) return;
    idle.push({ key, label: found.layer.label(key), from: found.layer.from, why });
  };
  if (!usesMomentum)
    note("momentum", optimizer, `is for sgd and rmsprop, but the optimizer of ${name} is ${type}; leave it out or change --optimizer`);
  if (scheduleType !== "step") {
    const why = `is for the step schedule, but that of ${name} is ${scheduleType}; leave it out or add --schedule step`;
    note("stepSize", schedule, why);
    note("gamma", schedule, why);
  }
  if (scheduleType === "onecycle")
    note("warmup", schedule, `contradicts the onecycle schedule of ${name}, which warms up by itself; leave one out`);
  if (config.earlyStop === 0)
    note("minDelta", find("earlyStop"), `says when ${name} stops early, but it never does; leave it out or add --early-stop`);
  return { config, idle };
}
