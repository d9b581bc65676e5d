import { UserError } from "../util/errors.js";
import { placed } from "./placement.js";
import {
  defaultOf,
  type ModelKey,
  type ModelSettings,
  modelKeys,
  momentumOf,
  momentumOptimizers,
  settings,
  type Value,
} from "./settings.js";
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
export function resolveModel(preset: string, name: string, layers: readonly Layer[]): { config: ModelConfig; idle: IdleSetting[] } {
  const find = <K extends ModelKey>(key: K) => {
    const rank = layers.findLastIndex((layer) => layer.settings[key] !== undefined);
    return rank < 0 ? undefined : { value: layers[rank].settings[key] as Value<K>, rank, layer: layers[rank] };
  };
  const optimizer = find("optimizer");
  const type = optimizer?.value ?? settings.optimizer.default;
  const schedule = find("schedule");
  const warmup = find("warmup");
  const config = { name, preset, ...placed(modelKeys, (key) => chosen(key) ?? defaultOf(key, type)) } as unknown as ModelConfig;
  const scheduleType = config.schedule.type;
  // One-cycle warms up by itself.
  if (scheduleType === "onecycle") config.schedule.warmup = 0;
  config.momentum = momentumOf(type, config.momentum);

  function chosen(key: ModelKey): unknown {
    const found = find(key);
    // A preset's learning rate and momentum were chosen for its own optimizer.
    const tied = key === "lr" || key === "momentum";
    const foreign = found?.layer.from === "preset" && optimizer?.layer.from !== "preset" && type !== found.layer.settings.optimizer;
    return tied && foreign ? undefined : found?.value;
  }
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
  if (!momentumOptimizers.includes(type))
    note(
      "momentum",
      optimizer,
      `is for ${momentumOptimizers.join(" and ")}, but the optimizer of ${name} is ${type}; leave it out or change --optimizer`,
    );
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
