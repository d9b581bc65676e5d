import { Command } from "commander";
import { defaultBatchSize, defaultEpochs } from "../config/defaults.js";
import { shippedPresets } from "../config/files.js";
import { resolveOptions } from "../config/resolve.js";
import { datasets } from "../config/settings.js";
import { optimizerNames, optimizers } from "../model/optimizers.js";
import { buildModel, presetDescription, presetKernels, presetNames } from "../model/presets.js";
import type { SetupChoices } from "../ui/setup-form.js";
import { colorWanted } from "./output.js";
import { trainCommand } from "./train.js";
import { addTrainOptions, readSources } from "./train-options.js";

/** `mnist-tui` without arguments on a terminal: the set-up form, then the training it describes. Leaving the form trains nothing. */
export async function setUpAndTrain(): Promise<void> {
  const { openSetup } = await import("../ui/tui/setup.js");
  const args = await openSetup({ title: "mnist-tui", ascii: false, color: colorWanted(), choices: setupChoices() });
  if (args === undefined) return;
  process.stdout.write(`mnist-tui ${args.join(" ")}\n`);
  await trainCommand().parseAsync(args.slice(1), { from: "user" });
}

/** What the form offers, from the presets and the settings that training knows. */
export function setupChoices(): SetupChoices {
  const models = new Map(presetNames.map((name) => [name, buildModel(name)]));
  return {
    datasets,
    optimizers: optimizerNames,
    presets: presetNames.map((name) => {
      const rates = [...new Set(models.get(name)!.layers.flatMap((layer) => (layer.type === "dropout" ? [String(layer.rate)] : [])))];
      const training = shippedPresets().training(name);
      const optimizer = training.optimizer ?? "adam";
      return {
        name,
        description: presetDescription(name),
        parameters: models.get(name)!.parameterCount,
        kernels: presetKernels(name).join("-"),
        dropout: rates.length > 0 ? rates.join(", ") : "none",
        training: {
          optimizer,
          learningRate: String(training.lr ?? optimizers[optimizer].learningRate),
          batchSize: String(training.batchSize ?? defaultBatchSize),
          epochs: String(training.epochs ?? defaultEpochs),
        },
      };
    }),
    learningRates: Object.fromEntries(Object.entries(optimizers).map(([name, { learningRate }]) => [name, String(learningRate)])),
    check: problemOf,
  };
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
