import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { presetNames, presetTraining } from "../model/presets.js";
import { UserError } from "../util/errors.js";
import { didYouMean } from "../util/nearest.js";
import { checkSetting, keyMeant, type ModelSettings, modelKeys, type SettingKey, type Settings, settingKeys } from "./settings.js";

/** config/recipes of this package, seen from dist/config and src/config alike. */
const recipeFolder = new URL("../../config/recipes/", import.meta.url);

/** The presets, and the settings under `training` in their files: only those that differ from the defaults. */
export interface Presets {
  names: readonly string[];
  training(preset: string): ModelSettings;
}

/** The presets of config/presets; files are read when they are asked for. */
export function shippedPresets(): Presets {
  return {
    names: presetNames,
    training: (preset) => checkKeys(presetTraining(preset), `config/presets/${preset}.json`, modelKeys),
  };
}

/** Names of the recipes in config/recipes. */
export function recipeNames(): string[] {
  return readdirSync(recipeFolder)
    .map((file) => basename(file, ".json"))
    .sort();
}

/**
 * Reads the options of a JSON file, or of a shipped recipe: the one of that name, else the only one whose name or description (which
 * begins with the recipe's origin) starts with these letters.
 * @param path as given to --config
 * @returns the options, and the label of their source in messages
 * @throws UserError (exit code 2) where there is neither, the file is not JSON, or a key or value is not allowed
 */
export function readOptions(path: string): { label: string; options: Settings } {
  const recipe = existsSync(path) ? undefined : recipeNamed(path);
  const label = recipe === undefined ? path : `recipe ${recipe}`;
  const { description: _, ...options } = readJson(recipe === undefined ? path : recipeFile(recipe), label);
  // One file of options does not name another.
  return {
    label,
    options: checkKeys(
      options,
      label,
      settingKeys.filter((key) => key !== "config"),
    ),
  };
}

function recipeNamed(path: string): string {
  const recipes = recipeNames();
  const wanted = basename(path, ".json");
  const starts = (name: string) => name.startsWith(wanted) || String(readJson(recipeFile(name), name).description).startsWith(wanted);
  const matches = recipes.includes(wanted) ? [wanted] : recipes.filter(starts);
  if (path === basename(path) && matches.length === 1) return matches[0];
  const hint = didYouMean(path, [...recipes, ...recipes.map(firstLetters)]);
  throw new UserError(`There is no file ${path} for --config; give a JSON file or one of the recipes ${recipes.join(", ")}${hint}.`, 2);
}

/** "seed-003-compact" → "seed-003" */
function firstLetters(recipe: string): string {
  return recipe.replace(/(?<=\d)-.*/, "");
}

function recipeFile(name: string): URL {
  return new URL(`${name}.json`, recipeFolder);
}

function readJson(file: string | URL, label: string): Record<string, unknown> {
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
  return json as Record<string, unknown>;
}

function checkKeys<K extends SettingKey>(
  options: Readonly<Record<string, unknown>>,
  source: string,
  allowed: readonly K[],
): Pick<Settings, K> {
  const checked: Partial<Record<SettingKey, unknown>> = {};
  for (const [key, value] of Object.entries(options)) {
    const known = allowed.find((name) => name === key);
    if (!known) {
      throw new UserError(
        `Unknown key ${JSON.stringify(key)} in ${source}; allowed are ${allowed.join(", ")}${keyMeant(key, allowed)}.`,
        2,
      );
    }
    checked[known] = checkSetting(known, value, `${key} in ${source}`);
  }
  return checked as Pick<Settings, K>;
}
