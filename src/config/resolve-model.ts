import { UserError } from "../util/errors.js";
import { effectNotices } from "./effects.js";
import { nested } from "./nesting.js";
import {
  defaultOf,
  type ModelKey,
  type ModelSettings,
  modelKeys,
  momentumOf,
  momentumOptimizers,
  type SettingValue,
  settings,
} from "./settings.js";
import type { ModelConfig } from "./types.js";

/** One source of a model's settings, as it holds for that model; later layers win. */
export interface SettingsLayer {
  label(key: string): string;
  settings: ModelSettings;
  /** preset: gives way silently; all: for every model of the run; entry: for this one. */
  from: "preset" | "all" | "entry";
}

/** A setting that changes nothing for this model, such as a momentum for Adam. */
export interface IdleSetting {
  key: ModelKey;
  label: string;
  from: SettingsLayer["from"];
  /** Continues the label to a sentence: "is for the step schedule, but that of simple is cosine". */
  why: string;
  /** "leave it out or add --schedule step" */
  remedy: string;
}

interface ResolvedModel {
  config: ModelConfig;
  idle: IdleSetting[];
  /** What settings do that their names do not say, in sentences for the user. */
  notices: string[];
}

type Find = ReturnType<typeof finder>;

/**
 * Merges the layers, lowest first, into a model's full configuration.
 * @throws UserError (exit code 2) for an impossible combination
 */
export function resolveModel(preset: string, name: string, layers: readonly SettingsLayer[]): ResolvedModel {
  const find = finder(layers);
  const optimizer = find("optimizer");
  const type = optimizer?.value ?? settings.optimizer.default;
  const chosen = (key: ModelKey) => {
    const found = find(key);
    // A preset's learning rate and momentum were chosen for its own optimizer.
    const tied = key === "lr" || key === "momentum";
    const foreign = found?.layer.from === "preset" && optimizer?.layer.from !== "preset" && type !== found.layer.settings.optimizer;
    return tied && foreign ? undefined : found?.value;
  };
  const config = { name, preset, ...nested(modelKeys, (key) => chosen(key) ?? defaultOf(key, type)) } as unknown as ModelConfig;
  config.momentum = momentumOf(type, config.momentum);
  // One-cycle warms up by itself.
  if (config.schedule.type === "onecycle") config.schedule.warmup = 0;
  const warmup = find("warmup");
  if (warmup && config.schedule.warmup >= config.epochs) {
    throw new UserError(
      `${warmup.layer.label("warmup")} must be shorter than the ${config.epochs} epochs of ${name}, got ${warmup.value}; lower it or raise --epochs.`,
      2,
    );
  }
  const given = (key: ModelKey) => (find(key)?.layer.from ?? "preset") !== "preset";
  return { config, idle: idleSettings(find, config), notices: effectNotices(config, given) };
}

/** @returns the value of a setting in the highest layer that gives it, with that layer and its rank */
function finder(layers: readonly SettingsLayer[]) {
  return <K extends ModelKey>(key: K) => {
    const rank = layers.findLastIndex((layer) => layer.settings[key] !== undefined);
    return rank < 0 ? undefined : { value: layers[rank].settings[key] as SettingValue<K>, rank, layer: layers[rank] };
  };
}

function idleSettings(find: Find, { name, optimizer, schedule, earlyStop }: ModelConfig): IdleSetting[] {
  const idle: IdleSetting[] = [];
  /** @param because the setting that makes `key` superfluous: lower layers simply give way to it */
  const note = (key: ModelKey, because: ModelKey, why: string, remedy: string) => {
    const found = find(key);
    if (!found || found.layer.from === "preset" || found.rank < (find(because)?.rank ?? 0) || found.value === 0) return;
    idle.push({ key, label: found.layer.label(key), from: found.layer.from, why, remedy });
  };
  if (!momentumOptimizers.includes(optimizer)) {
    const others = momentumOptimizers.join(" and ");
    const why = `is for ${others}, but the optimizer of ${name} is ${optimizer}`;
    note("momentum", "optimizer", why, "leave it out or change --optimizer");
  }
  if (schedule.type !== "step") {
    const why = `is for the step schedule, but that of ${name} is ${schedule.type}`;
    for (const key of ["stepSize", "gamma"] as const) note(key, "schedule", why, "leave it out or add --schedule step");
  }
  if (schedule.type === "onecycle")
    note("warmup", "schedule", `contradicts the onecycle schedule of ${name}, which warms up by itself`, "leave one out");
  if (earlyStop === 0)
    note("minDelta", "earlyStop", `says when ${name} stops early, but it never does`, "leave it out or add --early-stop");
  return idle;
}
