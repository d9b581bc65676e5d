import { isDeepStrictEqual } from "node:util";
import { UserError } from "../util/errors.js";
import { fittingBatch } from "./effects.js";
import { nameEntries, parseEntries } from "./entries.js";
import type { Presets } from "./files.js";
import { readValue, writeValue } from "./nesting.js";
import type { Source } from "./resolve.js";
import type { Setting } from "./setting.js";
import { flagName, type ModelKey, type ModelSettings, modelKeys, runKeys, type SettingKey, settingKeys, settings } from "./settings.js";
import type { ModelConfig, RunConfig } from "./types.js";

/** Settings of the call that belong to the run all the same, under names of their own in run.json. */
const ofTheRun: readonly SettingKey[] = ["compare", "model", "run"];

/** Flags that may differ when a run is resumed, for the error, the stored ones first; --resume and --config only lead to others. */
const freeFlags = [...modelKeys, ...runKeys, ...settingKeys.filter((key) => settings[key].of === "call")]
  .filter((key) => isFree(key) && key !== "resume" && key !== "config")
  .map((key) => `--${flagName(key)}`)
  .join(", ");

function isFree(key: SettingKey): boolean {
  const { of, resume } = settings[key] as Setting;
  return of === "call" ? !ofTheRun.includes(key) : resume === "free";
}

/**
 * A stored run's configuration with the free settings as the user gives them now. Settings that repeat the stored ones are no contradiction.
 * @throws UserError (exit code 2) for a setting that contradicts the run
 */
export function resumeConfig(stored: RunConfig, sources: readonly (Source | undefined)[], presets: Presets): RunConfig {
  const config = structuredClone(stored);
  for (const source of sources) {
    for (const [key, value] of Object.entries(source?.settings ?? {}) as [SettingKey, unknown][]) {
      const { of } = settings[key];
      const holders = (run: RunConfig) => (of === "model" ? run.models : [run]);
      if (key === "compare" || key === "model") checkModels(stored, source!, key, presets);
      else if (!isFree(key)) for (const holder of holders(stored)) checkSame(stored, holder, source!, key);
      else if (of !== "call") for (const holder of holders(config)) writeValue(holder, key, value);
    }
  }
  return config;
}

function checkSame(stored: RunConfig, holder: RunConfig | ModelConfig, source: Source, key: SettingKey): void {
  const wanted = source.settings[key];
  const value = readValue(holder, key);
  if (sameValue(stored, key, value, wanted)) return;
  throw contradiction(source.label(key), wanted, value, "name" in holder ? `${holder.name} of run ${stored.run}` : `run ${stored.run}`);
}

function checkModels(stored: RunConfig, source: Source, key: "compare" | "model", presets: Presets): void {
  const text = source.settings[key] as string;
  const entries = parseEntries(text, presets.names);
  const names = nameEntries(entries);
  const same =
    entries.length === stored.models.length &&
    stored.models.every(
      (model, index) =>
        model.name === names[index] && model.preset === entries[index].preset && sameSettings(stored, model, entries[index].settings),
    );
  if (!same) throw contradiction(source.label(key), text, stored.models.map((model) => model.name).join(","), `run ${stored.run}`);
}

function sameSettings(stored: RunConfig, model: ModelConfig, own: ModelSettings): boolean {
  return (Object.keys(own) as ModelKey[]).every((key) => isFree(key) || sameValue(stored, key, readValue(model, key), own[key]));
}

/** A batch that was lowered to the training images was given larger. */
function sameValue(stored: RunConfig, key: SettingKey, value: unknown, wanted: unknown): boolean {
  return isDeepStrictEqual(value, wanted) || (key === "batchSize" && value === fittingBatch(stored, wanted as number));
}

function contradiction(label: string, wanted: unknown, value: unknown, of: string): UserError {
  const shown = (setting: unknown) => (setting === undefined ? "none" : typeof setting === "string" ? setting : JSON.stringify(setting));
  return new UserError(
    `${label} ${shown(wanted)} contradicts ${shown(value)} of ${of}, which is being resumed; only ${freeFlags} may change.`,
    2,
  );
}
