import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { readValue } from "../config/nesting.js";
import { flagName, type ModelKey, modelKeys } from "../config/settings.js";
import { parseRunConfig } from "../config/stored.js";
import type { AugmentConfig, RunConfig } from "../config/types.js";
import { hasCheckpoint, readCheckpointInfo } from "../run/checkpoint.js";
import { openRun, type RunPaths } from "../run/directory.js";
import { datasetText } from "../run/state/notes.js";
import { describeRun, type RunOverview } from "../train/overview.js";
import { lockHolder } from "../train/run-lock.js";
import { formatBytes, formatCount, formatEpoch, formatPercent } from "../ui/format.js";
import { settledDirectory } from "../util/atomic-write.js";
import { checkpointDirOption } from "./options.js";
import { writeOutput, writeText } from "./output.js";
import { resumeCommand } from "./resume-command.js";
import { formatTable } from "./table.js";

/** A stored checkpoint; without an epoch and a step where its model.json cannot be read. */
interface StoredCheckpoint {
  model: string;
  kind: "best" | "last";
  epoch?: number;
  step?: number;
  bytes: number;
  directory: string;
}

/** `mnist-tui runs show RUN` */
export function showCommand(): Command {
  return new Command("show")
    .description("a run's settings, models, accuracies and checkpoints, and how to go on with it")
    .argument("<run>", "name of the run")
    .addOption(checkpointDirOption())
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", "\nExample:\n  mnist-tui runs show 2026-11-21_14-05-09\n")
    .action(async (name: string, _, command: Command) => {
      const { checkpointDir, json } = command.optsWithGlobals<{ checkpointDir: string; json?: boolean }>();
      const run = await openRun(checkpointDir, name);
      const config = parseRunConfig(run.record.config, run.file);
      const overview = await describeRun(run);
      const checkpoints = await storedCheckpoints(run);
      const resume = commandToGoOn(overview, checkpointDir);
      const { versions, datasetDigest } = run.record;
      if (json) writeOutput(`${JSON.stringify({ ...overview, config, versions, datasetDigest, checkpoints, resume })}\n`);
      else
        writeText(`${[...aboutRun(run, config), "", ...aboutModels(overview, config, checkpoints), "", goOn(run, resume)].join("\n")}\n`);
    });
}

async function storedCheckpoints(run: RunPaths): Promise<StoredCheckpoint[]> {
  const checkpoints: StoredCheckpoint[] = [];
  for (const { name } of run.record.config.models) {
    const paths = run.model(name);
    for (const kind of ["best", "last"] as const) {
      if (!(await hasCheckpoint(paths[kind]))) continue;
      const info = await readCheckpointInfo(paths[kind]).catch(() => undefined);
      const bytes = await bytesIn(await settledDirectory(paths[kind]));
      checkpoints.push({ model: name, kind, epoch: info?.epoch, step: info?.step, bytes, directory: paths[kind] });
    }
  }
  return checkpoints;
}

async function bytesIn(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map(async (file) => (await stat(join(directory, file))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** @returns the command that trains the run further; undefined where early stopping has ended every model for good */
function commandToGoOn({ run, models }: RunOverview, checkpointDir: string): string | undefined {
  const command = resumeCommand(run, checkpointDir);
  if (models.some(({ state }) => state === "training" || state === "interrupted" || state === "failed")) return command;
  if (models.every(({ state }) => state === "early-stop")) return undefined;
  // Twice as many: more than any model has been planned for.
  return `${command} --epochs ${2 * Math.max(...models.map(({ epochsPlanned }) => epochsPlanned))}`;
}

function goOn({ dir }: RunPaths, resume: string | undefined): string {
  const trainer = lockHolder(dir);
  if (trainer !== undefined) return `being trained by process ${trainer}`;
  return resume === undefined ? "nothing to go on with: early stopping has ended every model" : `go on with: ${resume}`;
}

function aboutRun({ name, dir, record }: RunPaths, { dataset, limitTrain, limitTest, seed }: RunConfig): string[] {
  const limits = [
    ...(limitTrain === undefined ? [] : [`the first ${formatCount(limitTrain)} training images`]),
    ...(limitTest === undefined ? [] : [`the first ${formatCount(limitTest)} test images`]),
  ];
  const versions = Object.entries(record.versions).map(([program, version]) => `${program} ${version}`);
  const facts: [string, string][] = [
    ["run", name],
    ["created", `${record.created.slice(0, 16).replace("T", " ")} UTC, ${versions.join(", ")}`],
    ["dataset", [datasetText(dataset), ...limits].join(", ")],
    ["engine", `${record.engine} on ${record.device}`],
    ["seed", String(seed)],
    ["folder", dir],
  ];
  return facts.map(([label, value]) => `${label.padEnd(9)}${value}`);
}

/** The settings, a column a model, then what each has reached, then the checkpoints. */
function aboutModels({ models }: RunOverview, config: RunConfig, checkpoints: readonly StoredCheckpoint[]): string[] {
  const stepped = config.models.some(({ schedule }) => schedule.type === "step");
  const shown = modelKeys.filter((key) => stepped || (key !== "stepSize" && key !== "gamma"));
  const rows = shown.map((key) => [flagName(key), ...config.models.map((model) => settingText(key, readValue(model, key)))]);
  const presets = ["preset", ...config.models.map(({ preset }) => preset)];
  const names = config.models.map(({ name }) => name);
  const reached = models.map(({ name, epochs, epochsPlanned, testAccuracy, bestTestAccuracy, bestEpoch, state }) => [
    name,
    `${epochs}/${epochsPlanned}`,
    formatPercent(testAccuracy),
    bestEpoch === undefined ? formatPercent(bestTestAccuracy) : `${formatPercent(bestTestAccuracy)} (${formatEpoch(bestEpoch)})`,
    state,
  ]);
  const stored = checkpoints.map(({ model, kind, epoch, step, bytes, directory }) => [
    `${model} ${kind}`,
    epoch === undefined ? "damaged" : formatEpoch(epoch),
    formatCount(step),
    formatBytes(bytes),
    directory,
  ]);
  return [
    ...formatTable([["setting", ...names], presets, ...rows], `l${"r".repeat(names.length)}`),
    "",
    ...formatTable([["model", "epochs", "test accuracy", "best (epoch)", "state"], ...reached], "lrrrl"),
    "best: chosen on the test images",
    "",
    ...(stored.length > 0 ? formatTable([["checkpoint", "epoch", "step", "size", "folder"], ...stored], "lrrrl") : ["no checkpoints yet"]),
  ];
}

function settingText(key: ModelKey, value: unknown): string {
  if (value === undefined) return "the model's";
  if (key === "augment") return augmentText(value as AugmentConfig);
  if (key === "earlyStop" && value === 0) return "never";
  return Array.isArray(value) ? value.join("-") : String(value);
}

/** @returns the ranges as --augment takes them */
function augmentText({ crop, ...ranges }: AugmentConfig): string {
  const parts = Object.entries(ranges).flatMap(([key, value]) => (value === 0 ? [] : [`${key}=${value}`]));
  if (crop) parts.push(`crop=${crop.size}@${crop.probability}`);
  return parts.join(",") || "none";
}
