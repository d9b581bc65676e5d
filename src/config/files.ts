import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { UserError } from "../util/errors.js";
import { allSettings, checkSetting, type ModelSettings, modelSettings, type SettingKey, type Settings } from "./settings.js";

/** The package's own config/ folder, seen from dist/config and src/config alike. */
const shipped = new URL("../../config/", import.meta.url);

/** What a preset file in config/presets says about training, under `training`: only what differs from the defaults. */
export interface Presets {
  names: readonly string[];
  training(preset: string): ModelSettings;
}

/** The presets of config/presets; files are read when they are asked for. */
export function shippedPresets(): Presets {
  const folder = new URL("presets/", shipped);
  return {
    names: jsonNames(folder),
    training(preset) {
      const file = JSON.parse(readFileSync(new URL(`${preset}.json`, folder), "utf8")) as { training?: Record<string, unknown> };
      return checkKeys(file.training ?? {}, `config/presets/${preset}.json`, Object.keys(modelSettings));
    },
  };
}

/** Names of the recipes in config/recipes. */
export function recipeNames(): string[] {
  return jsonNames(new URL("recipes/", shipped));
}

/**
 * Reads the options of a JSON file, or of the shipped recipe of that name (its first letters do where no other starts so).
 * @param path as given to --config
 * @returns the options and what to call their source in messages
 * @throws UserError (exit code 2) where there is neither, the file is not JSON, or a key or value is not allowed
 */
export function readOptions(path: string): { label: string; options: Settings } {
  const recipes = recipeNames();
  let file: string | URL = path;
  let label = path;
  if (!existsSync(path)) {
    const wanted = basename(path, ".json");
    const matches = recipes.includes(wanted) ? [wanted] : recipes.filter((name) => name.startsWith(wanted));
    if (path !== basename(path) || matches.length !== 1) {
      throw new UserError(`There is no file ${path} for --config; give a JSON file or one of the recipes ${recipes.join(", ")}.`, 2);
    }
    label = `recipe ${matches[0]}`;
    file = new URL(`recipes/${matches[0]}.json`, shipped);
  }
  let json: unknown;
  try {
    // Some editors put a byte order mark first.
    json = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new UserError(`Cannot read ${label} for --config as JSON: ${(error as Error).message}.`, 2);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new UserError(`${label} for --config must hold a JSON object such as {"model": "simple", "epochs": 3}.`, 2);
  }
  const { description: _, ...options } = json as Record<string, unknown>;
  return { label, options: checkKeys(options, label, Object.keys(allSettings)) };
}

function checkKeys(options: Record<string, unknown>, source: string, allowed: readonly string[]): Settings {
  const checked: Settings = {};
  for (const [key, value] of Object.entries(options)) {
    if (!allowed.includes(key)) {
      throw new UserError(`Unknown key ${JSON.stringify(key)} in ${source}; allowed are ${allowed.join(", ")}.`, 2);
    }
    setValue(checked, key as SettingKey, value, `${key} in ${source}`);
  }
  return checked;
}

function setValue<K extends SettingKey>(settings: Settings, key: K, value: unknown, label: string): void {
  settings[key] = checkSetting(key, value, label) as Settings[K];
}

function jsonNames(folder: URL): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort();
}
