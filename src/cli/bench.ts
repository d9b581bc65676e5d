import { Command } from "commander";
import { type Entry, nameEntries, parseEntries } from "../config/entries.js";
import { checkPrecision, entryLayer, judgeIdle } from "../config/resolve.js";
import { resolveModel } from "../config/resolve-model.js";
import { checkText, flagName, type ModelKey, settings as table } from "../config/settings.js";
import type { ModelConfig } from "../config/types.js";
import type { Engine } from "../engine/contract/engine.js";
import type { Profile } from "../engine/contract/profile.js";
import { selectEngine } from "../engine/registry.js";
import type { Model } from "../model/model.js";
import { buildModel, presetNames } from "../model/presets.js";
import { type Measurement, measureTraining, profileTraining } from "../train/measure.js";
import { threadsPerTrainer } from "../train/threads.js";
import { formatCount } from "../ui/format.js";
import { UserError } from "../util/errors.js";
import { benchAccuracy } from "./bench-accuracy.js";
import { numberOption, threadsOption } from "./options.js";
import { writeOutput, writeText } from "./output.js";
import { formatTable } from "./table.js";
import { settingOption } from "./train-options.js";

interface BenchOptions {
  models?: string;
  batch: string;
  engine: string;
  steps: number;
  threads?: number;
  tf32?: boolean;
  profile?: boolean;
  toAccuracy?: number;
  json?: boolean;
}

/** Settings that an entry of --models may carry: the others change nothing about a step's time. */
const entrySettings: readonly ModelKey[] = ["kernels", "dropout", "optimizer", "momentum", "weightDecay"];

/** A model to measure. */
interface Measured {
  name: string;
  model: Model;
  optimizer: { type: ModelConfig["optimizer"]; momentum: number; weightDecay: number };
}

interface Measuring {
  threads: number;
  steps: number;
  tf32?: boolean;
  json?: boolean;
}

/** A line of `bench --json`. */
interface BenchRow extends Measurement {
  engine: string;
  model: string;
  batch: number;
  threads: number;
  parameters: number;
}

/** `mnist-tui bench`: training throughput, one model after the other, on a batch that stays in memory. */
export function benchCommand(): Command {
  return new Command("bench")
    .description("training speed of the models on this machine")
    .option("--models <models>", `models to measure (default: all: ${presetNames.join(",")})`)
    .option("--batch <sizes>", "batch sizes", String(table.batchSize.default))
    .addOption(settingOption("engine", table.engine.help).default(table.engine.default))
    .addOption(numberOption("--steps <n>", "timed steps, after five to warm up", { least: 1, most: 100_000 }).default(20))
    .addOption(threadsOption("worker threads (default: the cores, 64 at most)"))
    .addOption(settingOption("tf32"))
    .addOption(
      numberOption(
        "--to-accuracy <percent>",
        "measure instead the time until that accuracy on MNIST's test images (default model: simple)",
        {
          least: 0.01,
          most: 100,
          kind: "any",
          unit: "per cent",
        },
      ),
    )
    .option("--profile", "time of each kind of work in a step: its share, and percent of the processor's multiply-add limit")
    .option("--json", "one JSON object a model and batch size on standard output")
    .addHelpText("after", "\nExample:\n  mnist-tui bench --models simple,residual --batch 512,32 --steps 20\n")
    .action(runBench);
}

async function runBench(options: BenchOptions): Promise<void> {
  const { tf32, steps } = options;
  const choice = checkText("engine", options.engine, "--engine");
  checkPrecision({ engine: choice, tf32 });
  const entries = parseEntries(options.models ?? presetNames.join(","), presetNames);
  const names = nameEntries(entries);
  const batches = options.batch.split(",").map((text) => checkText("batchSize", text, "--batch"));
  const threads = threadsPerTrainer(options.threads ?? 0);
  if (options.toAccuracy !== undefined) {
    if (options.profile) throw new UserError("--to-accuracy and --profile contradict each other; leave one out.", 2);
    const { engine } = await selectEngine(choice);
    const { models = "simple", toAccuracy: accuracy, json } = options;
    await benchAccuracy(engine, { models, batches, accuracy, threads, tf32, json });
    return;
  }
  const models = entries.map((entry, index) => measuredModel(entry, names[index]));
  const { engine } = await selectEngine(choice);
  const how: Measuring = { threads, steps, tf32, json: options.json };
  if (options.profile) await printProfiles(engine, models, batches[0], how);
  else await printThroughput(engine, models, batches, how);
}

function measuredModel(entry: Entry, name: string): Measured {
  const { preset, settings, text } = entry;
  const rest = (Object.keys(settings) as ModelKey[]).filter((key) => !entrySettings.includes(key)).map(flagName);
  if (rest.length > 0)
    throw new UserError(`bench measures ${entrySettings.map(flagName).join(", ")} only, got ${rest.join(", ")} in "${text}".`, 2);
  const { config, idle } = resolveModel(preset, name, [entryLayer(entry)]);
  judgeIdle([{ name, idle }]);
  const { optimizer: type, momentum, weightDecay } = config;
  return { name, model: buildModel(preset, settings), optimizer: { type, momentum, weightDecay } };
}

async function printProfiles(engine: Engine, models: readonly Measured[], batch: number, { json, ...how }: Measuring): Promise<void> {
  for (const { name, model, optimizer } of models) {
    const profile = await profileTraining(engine, { model, optimizer, batchSize: batch, ...how });
    const heading = { engine: engine.name, model: name, batch, threads: how.threads };
    if (json) writeOutput(`${JSON.stringify({ ...heading, ...profile })}\n`);
    else writeText(`${formatProfile(heading, profile).join("\n")}\n\n`);
  }
}

async function printThroughput(
  engine: Engine,
  models: readonly Measured[],
  batches: readonly number[],
  { json, ...how }: Measuring,
): Promise<void> {
  const rows: BenchRow[] = [];
  for (const { name, model, optimizer } of models) {
    for (const batch of batches) {
      const measured = await measureTraining(engine, { model, optimizer, batchSize: batch, ...how });
      rows.push({ engine: engine.name, model: name, batch, threads: how.threads, ...measured, parameters: model.parameterCount });
      if (json) writeOutput(`${JSON.stringify(rows.at(-1))}\n`);
    }
  }
  if (!json) writeText(`${formatRows(rows).join("\n")}\n`);
}

function formatRows(rows: readonly BenchRow[]): string[] {
  const cells = rows.map((row) => [
    row.engine,
    row.model,
    String(row.batch),
    String(row.threads),
    row.msPerStep.toFixed(2),
    formatCount(Math.round(row.imagesPerSecond)),
    formatCount(row.parameters),
  ]);
  return formatTable([["engine", "model", "batch", "threads", "ms/step", "images/s", "parameters"], ...cells], "llrrrrr");
}

/** One row for each kind of work; the percentages of the limit are of a thread while it does that work. */
function formatProfile(heading: { engine: string; model: string; batch: number; threads: number }, { rows, peakFlops }: Profile): string[] {
  const total = rows.reduce((sum, row) => sum + row.seconds, 0);
  const gigaflops = (flops: number) => (flops / 1e9).toFixed(1);
  const cells = rows.map(({ label, seconds, multiplyAdds }) => [
    label,
    (1000 * seconds).toFixed(3),
    `${((100 * seconds) / total).toFixed(1)} %`,
    multiplyAdds > 0 ? gigaflops((2 * multiplyAdds) / seconds) : "",
    multiplyAdds > 0 ? `${((200 * multiplyAdds) / seconds / peakFlops).toFixed(0)} %` : "",
  ]);
  const work = rows.reduce((sum, row) => sum + 2 * row.multiplyAdds, 0);
  const last = ["all", (1000 * total).toFixed(3), "100.0 %", gigaflops(work / total), `${((100 * work) / total / peakFlops).toFixed(0)} %`];
  const { engine, model, batch, threads } = heading;
  return [
    `${model}, batch ${batch}, engine ${engine}, threads ${threads}; limit of one thread ${gigaflops(peakFlops)} GFLOP/s; ms of all threads in one step`,
    ...formatTable([["work", "ms", "share", "GFLOP/s", "of the limit"], ...cells, last], "lrrrr"),
  ];
}
