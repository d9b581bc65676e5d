import { Command } from "commander";
import { shippedPresets } from "../config/files.js";
import { datasetNames } from "../config/names.js";
import { readValue } from "../config/nesting.js";
import { resolveOptions } from "../config/resolve.js";
import { resolveModel, type SettingsLayer } from "../config/resolve-model.js";
import type { Setting } from "../config/setting.js";
import { flagName, type ModelKey, type ModelSettings, settings } from "../config/settings.js";
import type { Model } from "../model/model.js";
import { type OptimizerName, optimizerNames } from "../model/optimizers.js";
import { buildModel, presetDescription, presetKernels, presetNames } from "../model/presets.js";
import type { SetupChoices } from "../ui/setup-form.js";
import { colorWanted, writeText } from "./output.js";
import { trainCommand } from "./train.js";
import { addTrainOptions, readSources } from "./train-options.js";

/** `mnist-tui` without arguments on a terminal: the set-up form, then the training that it describes. Leaving the form trains nothing. */
export async function setUpAndTrain(): Promise<void> {
  const { openSetup } = await import("../ui/tui/setup.js");
  const args = await openSetup({ title: "mnist-tui", ascii: false, color: colorWanted(), choices: setupChoices() });
  if (args === undefined) return;
  writeText(`mnist-tui ${args.join(" ")}\n`);
  await trainCommand().parseAsync(args.slice(1), { from: "user" });
}

/** The settings that the form offers, in the order of its rows. */
const formSettings: readonly ModelKey[] = ["optimizer", "lr", "dropout", "batchSize", "kernels", "epochs"];
/** Choices among names; every other field is typed. */
const choicesOf: Partial<Record<ModelKey, readonly string[]>> = { optimizer: optimizerNames };

/** The choices of the form, from the presets and the table of settings. */
function setupChoices(): SetupChoices {
  const models = new Map(presetNames.map((name) => [name, buildModel(name)]));
  const presets = presetNames.map((name) => ({
    name,
    description: presetDescription(name),
    parameters: models.get(name)!.parameterCount,
  }));
  const trainings = new Map(presetNames.map((name) => [name, shippedPresets().training(name)]));
  const fields = formSettings.map((key) => ({
    key,
    flag: flagName(key),
    label: flagName((settings[key] as Setting).stored ?? key).replaceAll("-", " "),
    values: choicesOf[key],
    ofPreset: key === "kernels" || key === "optimizer",
  }));
  return {
    datasets: datasetNames,
    presets,
    fields,
    usual: (draft, key) =>
      usualText(models.get(draft.preset)!, trainings.get(draft.preset)!, draft.optimizer as OptimizerName, key as ModelKey),
    check: problemOf,
  };
}

/** @returns the value of a setting that is not asked for: the model's own, the preset's for its own optimizer, or the default */
function usualText(model: Model, training: ModelSettings, optimizer: OptimizerName | "", key: ModelKey): string {
  if (key === "kernels") return presetKernels(model.preset).join("-");
  if (key === "dropout") {
    const rates = model.layers.flatMap((layer) => (layer.type === "dropout" ? [String(layer.rate)] : []));
    return [...new Set(rates)].join(", ") || "none";
  }
  const layers: SettingsLayer[] = [{ label: flagName, settings: training, from: "preset" }];
  if (optimizer) layers.push({ label: flagName, settings: { optimizer }, from: "all" });
  return String(readValue(resolveModel(model.preset, model.preset, layers).config, key));
}

const problems = new Map<string, string | undefined>();

/** Parses the arguments as the command line would. @returns the first reason why they are refused */
function problemOf(args: string[]): string | undefined {
  const key = args.join(" ");
  if (!problems.has(key)) problems.set(key, findProblem(args));
  return problems.get(key);
}

function findProblem(args: string[]): string | undefined {
  const command = addTrainOptions(new Command("train"))
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action(() => {});
  try {
    command.parse(args.slice(1), { from: "user" });
    const { config } = resolveOptions(readSources(command.opts()), shippedPresets(), new Date());
    for (const { preset, kernels, dropout } of config.models) buildModel(preset, { kernels, dropout });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
