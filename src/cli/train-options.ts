import { type Command, Option } from "commander";
import { readOptions } from "../config/files.js";
import { fileSource, flagSource, type Source } from "../config/resolve.js";
import type { Setting } from "../config/setting.js";
import { checkText, flagName, type SettingKey, type Settings, settingKeys, settings } from "../config/settings.js";

const examples = `
Examples:
  mnist-tui train --compare simple,residual
  mnist-tui train --model vgg --epochs 10 --schedule onecycle --augment rotate=10,shift=2
  mnist-tui train --compare pyramid:optimizer=adam,pyramid:optimizer=sgd:lr=0.05 --dataset fashion-mnist
  mnist-tui train --config seed-003
  mnist-tui train --resume --epochs 10
`;

/** Adds every flag of `train` to the command. */
export function addTrainOptions(command: Command): Command {
  for (const key of settingKeys) command.addOption(settingOption(key).helpGroup(`${settings[key].group}:`));
  return command.addHelpText("after", examples);
}

/**
 * The flag of a setting as its table describes it, its value still unchecked text.
 * @param help in place of the table's, where a command means less by the flag
 */
export function settingOption(key: SettingKey, help?: string): Option {
  const { argument, help: own, default: value, usual } = settings[key] as Setting;
  const shown = usual ?? (typeof value === "function" ? undefined : value);
  return new Option(`--${flagName(key)} ${argument}`.trimEnd(), help ?? (shown === undefined ? own : `${own} (default: ${shown})`));
}

/**
 * The settings that the user gave, checked value by value.
 * @param parsed commander's values: text, or true for a flag without one
 * @throws UserError (exit code 2)
 */
export function readSources(parsed: Record<string, unknown>): { file?: Source; flags: Source } {
  const given: Partial<Record<SettingKey, unknown>> = {};
  for (const key of settingKeys) {
    const value = parsed[key];
    if (value !== undefined) given[key] = typeof value === "string" ? checkText(key, value, `--${flagName(key)}`) : value;
  }
  const flags = flagSource(given as Settings);
  if (flags.settings.config === undefined) return { flags };
  const { label, options } = readOptions(flags.settings.config);
  return { file: fileSource(label, options), flags };
}
