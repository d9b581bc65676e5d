import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command, CommanderError } from "commander";
import { datasetNames } from "../config/names.js";
import { camelCase, flagName, keyMeant, settingKeys, settings } from "../config/settings.js";
import { presetNames } from "../model/presets.js";
import { UserError } from "../util/errors.js";
import { didYouMean, nearest } from "../util/nearest.js";

/** What commander refuses, as one sentence in the program's own words: what is expected, what it got, the nearest right name. */

/** @param args the command line */
export function explainUsage(error: CommanderError, program: Command, args: readonly string[]): string {
  const command = calledCommand(program, args);
  return `${sentence(error, command, `see ${pathOf(command)} --help`)}.`;
}

/** @param commands the names that there are */
export function unknownCommand(name: string, commands: readonly string[]): UserError {
  const words = new Map(commands.map((command) => [command, command]));
  for (const preset of presetNames) words.set(preset, `train --model ${preset}`);
  const hint = didYouMean(name, words.keys(), (word) => `mnist-tui ${words.get(word)}`);
  return new UserError(`Unknown command ${JSON.stringify(name)}; choose from ${commands.join(", ")}${hint}.`, 2);
}

function sentence(error: CommanderError, command: Command, help: string): string {
  const inner = command.commands.map((child) => child.name());
  const words = command.args;
  switch (error.code) {
    // commander's way of saying that a command with commands of its own was called without one.
    case "commander.help":
      return `${command.name()} expects one of ${inner.join(", ")}; ${help}`;
    case "commander.unknownCommand":
      return `unknown command ${quoted(words[0], inner)}; ${help}`;
    case "commander.unknownOption":
      return `unknown option ${optionRefused(error, command)}; ${help}`;
    case "commander.optionMissingArgument":
      return `${valueMissing(error)}; ${help}`;
    case "commander.excessArguments": {
      const meant = meantBy(words, command);
      if (meant !== undefined) return `${command.name()} expects options, got ${words.join(" ")}; type ${pathOf(command)} ${meant}`;
      if (inner.length > 0) return `unknown command ${quoted(words[0], inner)}; ${help}`;
      const { length } = command.registeredArguments;
      const expected = length === 0 ? "options only" : `${length} argument${length === 1 ? "" : "s"}`;
      return `${command.name()} expects ${expected}, got ${words.join(" ")}; ${help}`;
    }
    default:
      return `${commanderSentence(error)}; ${help}`;
  }
}

function commanderSentence(error: CommanderError): string {
  const [first] = error.message.split("\n");
  return first.replace(/^error: /, "").replace(/\.$/, "");
}

function valueMissing(error: CommanderError): string {
  const flag = /'(--\S+)/.exec(error.message)?.[1];
  const key = settingKeys.find((name) => `--${flagName(name)}` === flag);
  return key === undefined ? commanderSentence(error) : `${flag} expects ${settings[key].expected}, got no value`;
}

function quoted(word: string, allowed: readonly string[]): string {
  return `'${word}'; choose from ${allowed.join(", ")}${didYouMean(word, allowed)}`;
}

/** @returns the option as the user wrote it, the options that there are, and the one that was most likely meant */
function optionRefused(error: CommanderError, command: Command): string {
  const option = /'([^'=]*)/.exec(error.message)?.[1] ?? "";
  const allowed = [...command.options.map(({ long, short }) => long ?? short!), "--help"];
  const flags = settingKeys.map((key) => `--${flagName(key)}`);
  // Without a command, options of `train` are not looked for.
  if (command.parent === null && nearest(option, allowed) === undefined) {
    const hint = didYouMean(option, flags, (flag) => `mnist-tui train ${flag}`);
    if (hint) return `'${option}'; options come after a command${hint}`;
  }
  const keys = allowed.map((flag) => settingKeys.find((key) => `--${flagName(key)}` === flag) ?? flag);
  const word = camelCase(option.replace(/^--/, ""));
  const shown = (key: string) => (key.startsWith("-") ? key : `--${flagName(key)}`);
  return `'${option}'; choose from ${allowed.join(", ")}${keyMeant(word, keys, shown)}`;
}

/** @returns what words that stand where the command takes none were most likely meant to be: "--model simple", "show RUN" */
function meantBy(words: readonly string[], command: Command): string | undefined {
  const { model, compare = model, models, checkpointDir } = command.opts() as Record<string, string | undefined>;
  switch (command.name()) {
    case "train":
      return modelsMeant(words, compare, (all) => `${all.length > 1 ? "--compare" : "--model"} ${all.join(",")}`) ?? otherMeant(words);
    case "bench":
      return modelsMeant(words, models, (all) => `--models ${all.join(",")}`);
    case "runs":
      return words.length === 1 && existsSync(join(checkpointDir!, words[0], "run.json")) ? `show ${words[0]}` : undefined;
    default:
      return undefined;
  }
}

/** @param given the models that were named where they belong: a blank after a comma parts the rest from them */
function modelsMeant(words: readonly string[], given: string | undefined, option: (all: string[]) => string): string | undefined {
  const entries = [given ?? "", ...words].flatMap((word) => word.split(",")).filter((entry) => entry !== "");
  const known = entries.map((entry) => {
    const [preset, ...settings] = entry.split(":");
    const name = nearest(preset, presetNames);
    return name && [name, ...settings].join(":");
  });
  return known.every((entry) => entry !== undefined) ? option(known as string[]) : undefined;
}

function otherMeant([word, ...rest]: readonly string[]): string | undefined {
  if (rest.length > 0) return undefined;
  if (word.endsWith(".json")) return `--config ${word}`;
  const dataset = nearest(word, datasetNames);
  return dataset && `--dataset ${dataset}`;
}

function calledCommand(program: Command, args: readonly string[]): Command {
  let command = program;
  for (const arg of args) command = command.commands.find((child) => child.name() === arg) ?? command;
  return command;
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
