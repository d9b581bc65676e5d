import { isDeepStrictEqual } from "node:util";
import { UserError } from "../util/errors.js";
import { nameEntries, parseEntries } from "./entries.js";
import type { Presets } from "./files.js";
import type { Source } from "./resolve.js";
import { type ModelKey, type ModelSettings, modelSettings } from "./settings.js";
import type { ModelConfig, RunConfig } from "./types.js";

/** What may differ when a run is resumed; everything else belongs to the run. */
const free = ["epochs", "threads", "engine", "tf32", "dataDir", "checkpointDir", "resume", "plain", "json", "ascii", "http"];
const freeFlags = "--epochs, --threads, --engine, --tf32, --data-dir, --checkpoint-dir, --plain, --json, --ascii, --http";

/**
 * A stored run's configuration with what the user changes about it now. Settings that repeat the stored ones are fine.
 * @throws UserError (exit code 2) for a setting that contradicts the run
 */
export function resumeConfig(stored: RunConfig, sources: readonly (Source | undefined)[], presets: Presets): RunConfig {
  const config = structuredClone(stored);
  for (const source of sources) {
    if (!source) continue;
    for (const key of Object.keys(source.settings)) {
      if (key === "compare" || key === "model") checkModels(stored, source, key, presets);
      else if (!free.includes(key)) checkSame(stored, source, key);
    }
    const { epochs, threads, engine, tf32 } = source.settings;
    if (threads !== undefined) config.threads = threads;
    if (engine !== undefined) config.engine = engine;
    if (tf32 !== undefined) config.tf32 = tf32 || undefined;
    if (epochs !== undefined) for (const model of config.models) model.epochs = epochs;
  }
  return config;
}

function checkSame(stored: RunConfig, source: Source, key: string): void {
  const wanted = source.settings[key as keyof typeof source.settings];
  if (key in modelSettings) {
    for (const model of stored.models) {
      const value = storedValue(model, key as ModelKey);
      if (!isDeepStrictEqual(value, wanted)) throw contradiction(source.label(key), wanted, value, `${model.name} of run ${stored.run}`);
    }
  } else {
    const value = stored[key as "dataset" | "seed" | "limitTrain" | "limitTest" | "run"];
    if (value !== wanted) throw contradiction(source.label(key), wanted, value, `run ${stored.run}`);
  }
}

function checkModels(stored: RunConfig, source: Source, key: "compare" | "model", presets: Presets): void {
  const text = source.settings[key] as string;
  const entries = parseEntries(text, presets.names);
  const names = nameEntries(entries);
  const same =
    entries.length === stored.models.length &&
    stored.models.every(
      (model, index) =>
        model.name === names[index] && model.preset === entries[index].preset && sameSettings(model, entries[index].settings),
    );
  if (!same) throw contradiction(source.label(key), text, stored.models.map((model) => model.name).join(","), `run ${stored.run}`);
}

function sameSettings(model: ModelConfig, settings: ModelSettings): boolean {
  return Object.entries(settings).every(
    ([key, value]) => free.includes(key) || isDeepStrictEqual(storedValue(model, key as ModelKey), value),
  );
}

function storedValue(model: ModelConfig, key: ModelKey): unknown {
  switch (key) {
    case "lr":
      return model.learningRate;
    case "schedule":
      return model.schedule.type;
    case "stepSize":
    case "gamma":
    case "warmup":
      return model.schedule[key];
    default:
      return model[key];
  }
}

function contradiction(label: string, wanted: unknown, value: unknown, of: string): UserError {
  const shown = (what: unknown) => (what === undefined ? "none" : typeof what === "string" ? what : JSON.stringify(what));
  return new UserError(
    `${label} ${shown(wanted)} contradicts ${shown(value)} of ${of}, which is being resumed; only ${freeFlags} may change.`,
    2,
  );
}
