import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { shippedPresets } from "../config/files.js";
import {
  checkPrecision,
  type ResolvedOptions,
  resolveFolders,
  resolveHttp,
  resolveOptions,
  resolveOutput,
  type Source,
} from "../config/resolve.js";
import { resumeConfig } from "../config/resume.js";
import type { ModelConfig } from "../config/types.js";
import { buildModel } from "../model/presets.js";
import { newestRun, openRun, type RunPaths } from "../run/directory.js";
import { isFinished, storedProgress } from "../train/progress.js";
import { UserError } from "../util/errors.js";

/** All that is decided before a process is started or a file is written. */
export interface TrainPlan extends ResolvedOptions {
  /** The run to go on with. */
  resumed?: RunPaths;
  /** The models to train; on a resume, those that are not finished. */
  models: ModelConfig[];
}

/** @throws UserError where the run cannot be trained as asked */
export async function planTraining(sources: { file?: Source; flags: Source }): Promise<TrainPlan> {
  const resume = sources.flags.settings.resume ?? sources.file?.settings.resume;
  const plan = resume === undefined ? planNewRun(sources) : await planResume(sources, resume);
  for (const { preset, kernels, dropout } of plan.models) buildModel(preset, { kernels, dropout });
  checkPrecision(plan.config);
  return plan;
}

function planNewRun(sources: { file?: Source; flags: Source }): TrainPlan {
  const options = resolveOptions(sources, shippedPresets(), new Date());
  checkWritable(options.checkpointDir);
  if (options.runNamed && existsSync(join(options.checkpointDir, options.config.run))) {
    const { run } = options.config;
    throw new UserError(`There is already a run ${run} in ${options.checkpointDir}; choose another --run or go on with --resume ${run}.`);
  }
  return { ...options, models: options.config.models };
}

async function planResume(sources: { file?: Source; flags: Source }, wanted: string | true): Promise<TrainPlan> {
  const settings = { ...sources.file?.settings, ...sources.flags.settings };
  const folders = resolveFolders(settings);
  const run = wanted === true ? await newestRun(folders.checkpointDir) : await openRun(folders.checkpointDir, wanted);
  if (!run)
    throw new UserError(
      `There is no run to resume in ${folders.checkpointDir}; train one first, or name its folder with --checkpoint-dir.`,
    );
  checkWritable(run.dir);
  // Only a resumed run needs the schema of a stored one.
  const { parseRunConfig } = await import("../config/stored.js");
  const stored = parseRunConfig(run.record.config, run.file);
  const config = resumeConfig(stored, [sources.file, sources.flags], shippedPresets());
  const models: ModelConfig[] = [];
  for (const [index, model] of config.models.entries()) {
    const progress = await storedProgress(run.model(model.name).last);
    if (progress && model.epochs < progress.epochs) {
      throw new UserError(`--epochs must be at least the ${progress.epochs} that ${model.name} has trained, got ${model.epochs}.`, 2);
    }
    if (!progress || !isFinished(progress, model.epochs, stored.models[index].epochs)) models.push(model);
  }
  return {
    config,
    ...folders,
    datasetByName: true,
    runNamed: true,
    output: resolveOutput(sources),
    ascii: settings.ascii ?? false,
    http: resolveHttp(settings),
    notices: [],
    resumed: run,
    models,
  };
}

/** Looks at the nearest folder that exists, so that a mistake is found before a download and nothing is created for it. */
function checkWritable(directory: string): void {
  let existing = resolve(directory);
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const problem = statSync(existing).isDirectory() ? accessProblem(existing) : `${existing} is a file`;
  if (problem) throw new UserError(`Cannot write to the checkpoint folder ${directory}: ${problem}; choose another with --checkpoint-dir.`);
}

function accessProblem(directory: string): string | undefined {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return `${directory} is not writable`;
  }
}
