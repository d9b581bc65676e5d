import { Command } from "commander";
import { parseEntries } from "../config/entries.js";
import { checkText, flagName, type ModelSettings } from "../config/settings.js";
import { buildModel, presetDescription, presetNames } from "../model/presets.js";
import { formatShape } from "../model/shape.js";
import { type Summary, type SummaryRow, summarize } from "../model/summary.js";
import { formatCount } from "../ui/format.js";
import { UserError } from "../util/errors.js";
import { writeOutput, writeText } from "./output.js";
import { formatTable } from "./table.js";
import { settingOption } from "./train-options.js";

interface SummaryOptions {
  kernels?: string;
  dropout?: string;
  json?: boolean;
  ascii?: boolean;
}

/** `mnist-tui summary MODEL`: layers, output shapes, parameters, FLOPs, totals. */
export function summaryCommand(): Command {
  return new Command("summary")
    .description("layers, output shapes, parameters and FLOPs of a model")
    .argument("<model>", `${presetNames.join(", ")}; may carry settings: pyramid:kernels=16-32-64-128:dropout=0.3`)
    .addOption(settingOption("kernels"))
    .addOption(settingOption("dropout"))
    .option("--json", "one JSON object on stdout")
    .option("--ascii", "plain ASCII: 3x3 in place of 3×3")
    .addHelpText("after", "\nExample:\n  mnist-tui summary pyramid --kernels 16-32-64-128\n")
    .action((model: string, options: SummaryOptions) => {
      const { preset, kernels, dropout } = modelAsked(model, options);
      const summary = summarize(buildModel(preset, { kernels, dropout }));
      if (options.json) writeOutput(`${JSON.stringify({ ...summary, kernels, dropout })}\n`);
      else writeText(`${formatSummary(summary, presetDescription(preset))}\n`, options);
    });
}

/** The entry's own settings win over the flags, as in `train`. */
function modelAsked(text: string, options: SummaryOptions): Pick<ModelSettings, "kernels" | "dropout"> & { preset: string } {
  const entries = parseEntries(text, presetNames);
  if (entries.length !== 1) throw new UserError(`Expected one model, got ${entries.length} in "${text}"; ask for each on its own.`, 2);
  const [{ preset, settings }] = entries;
  const rest = Object.keys(settings).filter((key) => key !== "kernels" && key !== "dropout");
  if (rest.length > 0)
    throw new UserError(
      `A summary depends on kernels and dropout only, got ${rest.map(flagName).join(", ")} in "${text}"; leave the rest out.`,
      2,
    );
  const { kernels, dropout } = options;
  return {
    preset,
    kernels: settings.kernels ?? (kernels === undefined ? undefined : checkText("kernels", kernels, "--kernels")),
    dropout: settings.dropout ?? (dropout === undefined ? undefined : checkText("dropout", dropout, "--dropout")),
  };
}

/** @returns the table and its totals as lines of text */
function formatSummary(summary: Summary, description: string): string {
  const header = ["Layer", "Settings", "Output", "Parameters", "FLOPs"];
  const [headings, ...lines] = formatTable([header, ...summary.layers.map(rowCells)], "llrrr");
  const rule = "-".repeat(headings.length);
  const totals: [string, string][] = [
    ["Trainable parameters", formatCount(summary.parameters)],
    ["Non-trainable (batch-norm statistics)", formatCount(summary.nonTrainable)],
    ["Parameter memory", bytes(summary.parameterBytes)],
    ["Activations of one image", bytes(summary.activationBytes)],
    ["Forward pass of one image", `${(summary.flops / 1e6).toFixed(2)} MFLOP`],
  ];
  const widest = Math.max(...totals.map(([, value]) => value.length));
  return [
    `${summary.model}: ${description}`,
    `Input ${formatShape(summary.input)}`,
    rule,
    headings,
    rule,
    ...lines,
    rule,
    ...totals.map(([title, value]) => `${title.padEnd(40)}${value.padStart(widest)}`),
  ].join("\n");
}

function rowCells({ name, settings, output, parameters, nonTrainable, flops, depth }: SummaryRow): string[] {
  const all = parameters + nonTrainable;
  return ["  ".repeat(depth) + name, settings, formatShape(output), all > 0 ? formatCount(all) : "", flops > 0 ? formatCount(flops) : ""];
}

function bytes(value: number): string {
  return value < 1024 ** 2 ? `${(value / 1024).toFixed(1)} KiB` : `${(value / 1024 ** 2).toFixed(2)} MiB`;
}
