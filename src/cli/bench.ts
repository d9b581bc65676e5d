import { Command } from "commander";
import { nameEntries, parseEntries } from "../config/entries.js";
import { checkPrecision } from "../config/resolve.js";
import { checkText, engines, type ModelSettings } from "../config/settings.js";
import type { Engine } from "../engine/contract/engine.js";
import type { Profile } from "../engine/contract/profile.js";
import { selectEngine } from "../engine/registry.js";
import { optimizers } from "../model/optimizers.js";
import { buildModel, presetNames } from "../model/presets.js";
import { type Measurement, measureTraining, profileTraining } from "../train/measure.js";
import { threadsPerTrainer } from "../train/threads.js";
import { formatCount } from "../ui/format.js";
import { UserError } from "../util/errors.js";
import { benchAccuracy } from "./bench-accuracy.js";
import { writeOutput } from "./output.js";
import { formatTable } from "./table.js";

interface BenchOptions {
  models?: string;
  batch: string;
  engine: string;
  steps: string;
  threads?: string;
  tf32?: boolean;
  profile?: boolean;
  toAccuracy?: string;
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
    .option("--models <models>", `which (default: all: ${presetNames.join(",")})`)
    .option("--batch <sizes>", "batch sizes", "512")
    .option("--engine <name>", engines.join(", "), "auto")
    .option("--steps <n>", "timed steps, after five to warm up", "20")
    .option("--threads <n>", "worker threads (default: the cores, 64 at most)")
    .option("--tf32", "cuda: multiply in TensorFloat-32 on tensor cores")
    .option(
      "--to-accuracy <percent>",
      "instead: how long training takes until MNIST's test images are read that well (default model: simple)",
    )
    .option("--profile", "where a step spends its time: share, and percent of the processor's multiply-add limit")
    .option("--json", "one JSON object a model and batch size on standard output")
    .addHelpText("after", "\nExample:\n  mnist-tui bench --models simple,residual --batch 512,32 --steps 20\n")
    .action(runBench);
}

async function runBench(options: BenchOptions): Promise<void> {
  const { tf32 } = options;
  checkPrecision({ engine: checkText("engine", options.engine, "--engine")!, tf32 });
  const entries = parseEntries(options.models ?? presetNames.join(","), presetNames);
  const names = nameEntries(entries);
  const batches = options.batch.split(",").map((text) => checkText("batchSize", text, "--batch") as number);
  const steps = checkText("stepSize", options.steps, "--steps") as number;
  const threads = threadsPerTrainer(options.threads === undefined ? 0 : (checkText("threads", options.threads, "--threads") as number));
  if (options.toAccuracy !== undefined) {
    if (options.profile) throw new UserError("--to-accuracy and --profile contradict each other; leave one out.", 2);
    const { engine } = await selectEngine(checkText("engine", options.engine, "--engine")!);
    const { models = "simple", toAccuracy: accuracy, json } = options;
    await benchAccuracy(engine, { models, batches, accuracy, threads, tf32, json });
    return;
  }
  const models = entries.map(({ preset, settings, text }, index) => {
    const rest = Object.keys(settings).filter((key) => !(key in { kernels: 0, dropout: 0, optimizer: 0, momentum: 0, weightDecay: 0 }));
    if (rest.length > 0) {
      throw new UserError(
        `bench measures kernels, dropout, optimizer, momentum and weight-decay only, got ${rest.join(", ")} in "${text}".`,
        2,
      );
    }
    return { name: names[index], model: buildModel(preset, settings), optimizer: optimizerOf(settings) };
  });
  const { engine } = await selectEngine(checkText("engine", options.engine, "--engine")!);
  if (options.profile) {
    const [batch] = batches;
    for (const { name, model, optimizer } of models) {
      const profile = await profileTraining(engine, { model, optimizer, batchSize: batch, threads, steps, tf32 });
      const heading = { engine: engine.name, model: name, batch, threads };
      if (options.json) writeOutput(`${JSON.stringify({ ...heading, ...profile })}\n`);
      else writeOutput(`${formatProfile(heading, profile).join("\n")}\n\n`);
    }
    return;
  }
  const rows: BenchRow[] = [];
  for (const { name, model, optimizer } of models) {
    for (const batch of batches) {
      const measured = await measureTraining(engine, { model, optimizer, batchSize: batch, threads, steps, tf32 });
      rows.push(benchRow(engine, name, batch, threads, measured, model.parameterCount));
      if (options.json) writeOutput(`${JSON.stringify(rows.at(-1))}\n`);
    }
  }
  if (!options.json) writeOutput(`${formatRows(rows).join("\n")}\n`);
}

function optimizerOf(settings: ModelSettings) {
  const type = settings.optimizer ?? "adam";
  const momentum = optimizers[type].takesMomentum ? (settings.momentum ?? optimizers[type].momentum) : 0;
  return { type, momentum, weightDecay: settings.weightDecay ?? 0 };
}

function benchRow(engine: Engine, model: string, batch: number, threads: number, measured: Measurement, parameters: number): BenchRow {
  return { engine: engine.name, model, batch, threads, ...measured, parameters };
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
