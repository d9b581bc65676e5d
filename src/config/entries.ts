import { UserError } from "../util/errors.js";
import { didYouMean } from "../util/nearest.js";
import { checkName } from "./folder-names.js";
import { camelCase, checkText, flagName, keyMeant, type ModelKey, type ModelSettings, modelKeys } from "./settings.js";

/** One model of --compare or --model: a preset, perhaps with settings and a name of its own. */
export interface Entry {
  preset: string;
  name?: string;
  settings: ModelSettings;
  /** The entry as the user wrote it. */
  text: string;
}

const entryKeys: readonly string[] = [...modelKeys, "name"];

/**
 * Parses "simple,pyramid:kernels=16-32-64-128:dropout=0.3:optimizer=sgd:lr=0.01". Keys read like the flags; `name` names the model
 * within the run; the parts of `augment` are separated by "+".
 * @throws UserError (exit code 2) naming the entry and listing the allowed presets, keys or values
 */
export function parseEntries(text: string, presets: readonly string[]): Entry[] {
  return text.split(",").map((part) => parseEntry(part.trim(), presets));
}

/** Gives every model a name of its own: its entry's, else its preset's, numbered from the second on ("simple", "simple-2"). */
export function nameEntries(entries: readonly Entry[]): string[] {
  const taken = new Set<string>();
  for (const { name } of entries) {
    if (name === undefined) continue;
    if (taken.has(name.toLowerCase())) throw new UserError(`Two models are named ${name}; give each a name of its own.`, 2);
    taken.add(name.toLowerCase());
  }
  return entries.map(({ preset, name }) => {
    if (name !== undefined) return name;
    let free = preset;
    for (let number = 2; taken.has(free); number++) free = `${preset}-${number}`;
    taken.add(free);
    return free;
  });
}

function parseEntry(text: string, presets: readonly string[]): Entry {
  const [preset, ...parts] = text.split(":").map((part) => part.trim());
  if (!presets.includes(preset)) {
    throw new UserError(`Unknown model ${JSON.stringify(preset)}; choose from ${presets.join(", ")}${didYouMean(preset, presets)}.`, 2);
  }
  const entry: Entry = { preset, settings: {}, text };
  const seen = new Set<string>();
  for (const part of parts) {
    const at = part.indexOf("=");
    const key = camelCase(at < 0 ? part : part.slice(0, at));
    if (at < 0 || !entryKeys.includes(key)) {
      const keys = entryKeys.map(flagName).join(", ");
      const hint = entryKeys.includes(key) ? "" : keyMeant(key, entryKeys, flagName);
      throw new UserError(
        `${JSON.stringify(part)} in ${JSON.stringify(text)} is no setting; expected KEY=VALUE with KEY one of ${keys}${hint}.`,
        2,
      );
    }
    if (seen.has(key)) throw new UserError(`${flagName(key)} stands twice in ${JSON.stringify(text)}; give it once.`, 2);
    seen.add(key);
    const value = part.slice(at + 1);
    if (key === "name") {
      checkName(value, "model");
      entry.name = value;
    } else setValue(entry.settings, key as ModelKey, value, `${flagName(key)} in ${JSON.stringify(text)}`);
  }
  return entry;
}

function setValue<K extends ModelKey>(settings: ModelSettings, key: K, text: string, label: string): void {
  settings[key] = checkText(key, text, label) as ModelSettings[K];
}
