import { UserError } from "../util/errors.js";
import { fitBatches } from "./effects.js";
import { type Entry, nameEntries, parseEntries } from "./entries.js";
import type { Presets } from "./files.js";
import { checkName } from "./folder-names.js";
import { nested } from "./nesting.js";
import { type IdleSetting, resolveModel, type SettingsLayer } from "./resolve-model.js";
import {
  defaultHttpPort,
  defaultOf,
  flagName,
  type ModelSettings,
  modelKeys,
  runKeys,
  type Settings,
  settings as table,
} from "./settings.js";
import type { RunConfig } from "./types.js";

/** A source of settings: the command line, or a file. */
export interface Source {
  /** "--lr", or "lr in FILE" */
  label(key: string): string;
  settings: Settings;
}

export interface ResolvedOptions {
  config: RunConfig;
  checkpointDir: string;
  dataDir?: string;
  /** The dataset was asked for by name: no other may take its place. */
  datasetByName: boolean;
  /** The name was given; else another may be tried where it is taken. */
  runNamed: boolean;
  output: "dashboard" | "plain" | "json";
  ascii: boolean;
  /** The port of the server to run meanwhile, if one is wanted. */
  http?: number;
  /** What settings do that their names do not say, in sentences for the user. */
  notices: string[];
}

export function flagSource(settings: Settings): Source {
  return { label: (key) => `--${flagName(key)}`, settings };
}

export function fileSource(name: string, settings: Settings): Source {
  return { label: (key) => `${key} in ${name}`, settings };
}

/**
 * Fills in everything: defaults ← preset ← file ← flags. A setting in an entry ("simple:lr=0.1") wins over the same
 * source's setting for all models.
 * @param now names a run without a name of its own
 * @throws UserError (exit code 2) for an impossible or contradictory setting
 */
export function resolveOptions(sources: { file?: Source; flags: Source }, presets: Presets, now: Date): ResolvedOptions {
  const { file, flags } = sources;
  const settings: Settings = { ...file?.settings, ...flags.settings };
  const { entries, source } = chooseModels(sources, presets);
  const names = nameEntries(entries);
  const resolved = entries.map((entry, index) => {
    const layers: SettingsLayer[] = [
      { label: (key) => `${key} in config/presets/${entry.preset}.json`, settings: presets.training(entry.preset), from: "preset" },
    ];
    for (const candidate of [file, flags]) {
      if (!candidate) continue;
      layers.push({ label: candidate.label, settings: modelPart(candidate.settings), from: "all" });
      if (candidate === source) layers.push(entryLayer(entry));
    }
    return resolveModel(entry.preset, names[index], layers);
  });
  const idleNotices = judgeIdle(resolved.map(({ config: { name }, idle }) => ({ name, idle })));
  const { config, notices: batchNotices } = fitBatches({
    run: settings.run ?? timeStamp(now),
    ...nested(runKeys, (key) => settings[key] ?? defaultOf(key)),
    models: resolved.map((model) => model.config),
  } as RunConfig);
  checkName(config.run, "run");
  return {
    config,
    ...resolveFolders(settings),
    datasetByName: settings.dataset !== undefined,
    runNamed: settings.run !== undefined,
    output: resolveOutput(sources),
    ascii: settings.ascii ?? false,
    http: resolveHttp(settings),
    notices: [...batchNotices, ...resolved.flatMap(({ notices }) => notices), ...idleNotices],
  };
}

/** @throws UserError (exit code 2) for TensorFloat-32 with an engine that multiplies in float32 alone */
export function checkPrecision({ engine, tf32 }: Pick<RunConfig, "engine" | "tf32">): void {
  if (!tf32 || engine === "cuda" || engine === "auto") return;
  throw new UserError(`--tf32 is for the engine cuda, got --engine ${engine}; leave one of them out.`, 2);
}

export function resolveFolders(settings: Settings): { checkpointDir: string; dataDir?: string } {
  return { checkpointDir: settings.checkpointDir ?? table.checkpointDir.default, dataDir: settings.dataDir };
}

export function resolveHttp({ http }: Settings): number | undefined {
  return http === true ? defaultHttpPort : http;
}

/** Flags win over the file, so --json on the command line is no contradiction to plain in a file. */
export function resolveOutput({ file, flags }: { file?: Source; flags: Source }): ResolvedOptions["output"] {
  for (const source of [flags, file]) {
    if (source?.settings.plain && source.settings.json) {
      throw new UserError(`${source.label("plain")} and ${source.label("json")} contradict each other; leave one out.`, 2);
    }
    if (source?.settings.plain) return "plain";
    if (source?.settings.json) return "json";
  }
  return "dashboard";
}

/** "2026-11-21_14-05-09", local time: sorts by age and needs no quoting. */
function timeStamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day}_${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`;
}

function chooseModels({ file, flags }: { file?: Source; flags: Source }, presets: Presets): { entries: Entry[]; source?: Source } {
  for (const source of [flags, file]) {
    const { compare, model } = source?.settings ?? {};
    if (!source || (compare === undefined && model === undefined)) continue;
    if (compare !== undefined && model !== undefined) {
      throw new UserError(`${source.label("compare")} and ${source.label("model")} contradict each other; give all models to compare.`, 2);
    }
    const entries = parseEntries((compare ?? model) as string, presets.names);
    if (model !== undefined && entries.length > 1) {
      throw new UserError(`${source.label("model")} expects one model, got ${JSON.stringify(model)}; use --compare for several.`, 2);
    }
    return { entries, source };
  }
  return { entries: parseEntries(table.compare.default, presets.names) };
}

/** @returns the settings that an entry carries, for resolveModel */
export function entryLayer(entry: Entry): SettingsLayer {
  return { label: (key) => `${flagName(key)} in ${JSON.stringify(entry.text)}`, settings: entry.settings, from: "entry" };
}

function modelPart(settings: Settings): ModelSettings {
  return Object.fromEntries(modelKeys.map((key) => [key, settings[key]])) as ModelSettings;
}

/**
 * A setting for all models is a mistake where no model uses it; one in an entry where its model does not.
 * @returns a sentence for each setting that some models use and this one does not
 * @throws UserError (exit code 2) for a mistake
 */
export function judgeIdle(models: readonly { name: string; idle: readonly IdleSetting[] }[]): string[] {
  return models.flatMap(({ name, idle }) =>
    idle.map(({ key, label, from, why, remedy }) => {
      const everywhere = models.every((other) => other.idle.some((setting) => setting.key === key && setting.label === label));
      if (from === "entry" || everywhere) throw new UserError(`${label} ${why}; ${remedy}.`, 2);
      return `${label} has no effect on ${name}: it ${why}.`;
    }),
  );
}
