import { type Command, Option } from "commander";
import { datasetNames, engineNames } from "../config/names.js";
import { decimal } from "../config/setting.js";
import { checkText, settings } from "../config/settings.js";
import { UserError } from "../util/errors.js";

/** Options that several commands share, and options whose values are numbers. */

/** The trained models of `predict`, `draw` and `serve`, and the engine that computes with them. */
export interface ModelFlags {
  checkpoint?: string;
  checkpointDir: string;
  dataset?: (typeof datasetNames)[number];
  engine: (typeof engineNames)[number];
}

export function addModelOptions(command: Command): Command {
  return command
    .option(
      "--checkpoint <name>",
      "a run, RUN/MODEL, or the folder of a checkpoint, model or run (default: the newest run of the dataset, or the pretrained network where that is better)",
    )
    .addOption(checkpointDirOption())
    .addOption(nameOption("dataset", `dataset that the network was trained on (default: ${datasetNames[0]})`))
    .addOption(nameOption("engine", `engine that computes: ${engineNames.join(", ")}`).default(settings.engine.default));
}

export function checkpointDirOption(): Option {
  return new Option("--checkpoint-dir <dir>", settings.checkpointDir.help).default(settings.checkpointDir.default);
}

/** A dataset or an engine, checked as the setting of that name. */
function nameOption(key: "dataset" | "engine", description: string): Option {
  return new Option(`--${key} <name>`, description).argParser((text) => checkText(key, text, `--${key}`));
}

interface NumberRange {
  least: number;
  most: number;
  /** any: decimal fractions too. */
  kind?: "whole" | "any";
  /** Of the value, in the plural: "seconds". */
  unit?: string;
}

/** An option whose value is a number; a value outside the range is refused with a UserError (exit code 2) that names the range. */
export function numberOption(flags: string, description: string, range: NumberRange): Option {
  const option = new Option(flags, description);
  return option.argParser((text) => checkNumber(option.long!, text, range));
}

/** The worker threads of a command's own sessions, checked as the setting of that name. */
export function threadsOption(description: string): Option {
  return new Option("--threads <n>", description).argParser((text) => checkText("threads", text, "--threads"));
}

function checkNumber(flag: string, text: string, { least, most, kind = "whole", unit }: NumberRange): number {
  const value = decimal(text);
  if (typeof value === "number" && value >= least && value <= most && (kind === "any" || Number.isInteger(value))) return value;
  const noun = unit === undefined ? "" : ` of ${unit}`;
  throw new UserError(
    `${flag} expects a ${kind === "whole" ? "whole number" : "number"}${noun} from ${least} to ${most}, got ${JSON.stringify(text)}.`,
    2,
  );
}
