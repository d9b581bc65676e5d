import { type Command, Option } from "commander";
import { augmentKeys } from "../config/augment.js";
import { defaultDataset, defaultModels } from "../config/defaults.js";
import { readOptions } from "../config/files.js";
import { fileSource, flagSource, type Source } from "../config/resolve.js";
import { allSettings, checkText, datasets, engines, flagName, type SettingKey, type Settings, schedules } from "../config/settings.js";
import { optimizerNames } from "../model/optimizers.js";

type Row = [flags: string, description: string];

/** All flags of `train`, as they stand in its help. */
const groups: Record<string, Row[]> = {
  "Models and data:": [
    [
      "--compare <models>",
      `train several at the same time, such as simple,deep; each may carry settings: pyramid:kernels=16-32-64-128:lr=0.01 (default: ${defaultModels})`,
    ],
    ["--model <model>", "train one"],
    ["--dataset <name>", `${datasets.join(", ")} (default: ${defaultDataset})`],
    ["--data-dir <dir>", "where datasets are looked for before downloading (MNIST_TUI_DATA)"],
    ["--limit-train <n>", "use the first N training images"],
    ["--limit-test <n>", "use the first N test images"],
    ["--kernels <widths>", "widths of the convolutions, such as 16-32-64-128 (default: the model's)"],
    ["--dropout <rate>", "rate of every dropout layer (default: the model's)"],
  ],
  "Training:": [
    ["--epochs <n>", "passes through the training images (default: 5)"],
    ["--batch-size <n>", "images a step (default: 512)"],
    ["--optimizer <name>", `${optimizerNames.join(", ")} (default: the model's, else adam)`],
    ["--lr <rate>", "learning rate (default: the model's, else adam 0.001, sgd 0.01, rmsprop 0.001)"],
    ["--momentum <m>", "of sgd and rmsprop (default: sgd 0.9, rmsprop 0)"],
    ["--weight-decay <w>", "L2 penalty added to the gradient (default: 0)"],
    ["--schedule <name>", `learning rate over the run: ${schedules.join(", ")} (default: constant)`],
    ["--step-size <n>", "step schedule: epochs between drops (default: 10)"],
    ["--gamma <factor>", "step schedule: factor of each drop (default: 0.1)"],
    ["--warmup <epochs>", "epochs of linear warm-up (default: 0)"],
    [
      "--augment <ranges>",
      `random changes to the images, ${augmentKeys.join(", ")}: rotate=15,crop=22@0.1,shift=2,scale=0.1 (default: none)`,
    ],
    ["--early-stop <n>", "stop a model after N epochs without improvement of its test accuracy"],
    ["--min-delta <x>", "what counts as improvement, as a fraction (default: 0)"],
    ["--seed <n>", "of every random number (default: 0); same seed, same engine: same run"],
  ],
  "Machine:": [
    ["--engine <name>", `${engines.join(", ")} (default: auto)`],
    ["--threads <n>", "worker threads of each model (default: the cores, 64 at most)"],
    ["--tf32", "cuda: multiply in TensorFloat-32 on tensor cores, with 10 bits of mantissa (default: float32)"],
  ],
  "Runs and output:": [
    ["--config <file>", "options from a JSON file, or a recipe's name (its first letters do)"],
    ["--run <name>", "name of the run (default: the time)"],
    ["--checkpoint-dir <dir>", "where runs are stored (default: checkpoints)"],
    ["--resume [run]", "go on with an interrupted run, or a finished one with more --epochs (default: the newest)"],
    ["--plain", "lines of text instead of the dashboard"],
    ["--json", "one JSON event a line on standard output"],
    ["--ascii", "no characters beyond ASCII on the dashboard"],
    ["--http [port]", "meanwhile serve predictions and a live page to this machine's browsers (default port: 5000)"],
  ],
};

const examples = `
Examples:
  mnist-tui train --compare simple,residual
  mnist-tui train --model vgg --epochs 10 --schedule onecycle --augment rotate=10,shift=2
  mnist-tui train --compare pyramid:optimizer=adam,pyramid:optimizer=sgd:lr=0.05 --dataset fashion-mnist
  mnist-tui train --config 003
  mnist-tui train --resume --epochs 10
`;

/** Adds every flag of `train` to the command. */
export function addTrainOptions(command: Command): Command {
  for (const [heading, rows] of Object.entries(groups)) {
    for (const [flags, description] of rows) command.addOption(new Option(flags, description).helpGroup(heading));
  }
  return command.addHelpText("after", examples);
}

/**
 * What the user asked for, checked value by value.
 * @param parsed commander's values: text, or true for a flag without one
 * @throws UserError (exit code 2)
 */
export function readSources(parsed: Record<string, unknown>): { file?: Source; flags: Source } {
  const settings: Settings = {};
  for (const [key, value] of Object.entries(parsed)) {
    if (key in allSettings) set(settings, key as SettingKey, value);
  }
  const flags = flagSource(settings);
  if (typeof parsed.config !== "string") return { flags };
  const { label, options } = readOptions(parsed.config);
  return { file: fileSource(label, options), flags };
}

function set<K extends SettingKey>(settings: Settings, key: K, value: unknown): void {
  settings[key] = typeof value === "string" ? checkText(key, value, `--${flagName(key)}`) : (value as Settings[K]);
}
