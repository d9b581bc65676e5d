import { datasetNames } from "../config/names.js";
import { readCheckpointInfo } from "../run/checkpoint.js";
import type { CheckpointInfo } from "../run/checkpoint-info.js";
import { listRuns, type RunPaths } from "../run/directory.js";
import { UserError } from "../util/errors.js";
import { accuracyText } from "./description.js";
import { namedModels } from "./named-models.js";
import { type ModelSource, modelsOfRun, pretrainedModels } from "./sources.js";

/** Chooses trained models: those asked for, else the newest run's where they read at least as well as the pretrained ones. */

export interface ModelChoice {
  /** A run's name, RUN/MODEL, or the folder of a checkpoint, a model or a run. */
  checkpoint?: string;
  checkpointDir: string;
  /** Dataset that the models were trained on; mnist unless a checkpoint is named. */
  dataset?: string;
}

/** A checkpoint that was tested on fewer images than these is not compared with others. */
const testImages = 10_000;

interface Candidate {
  source: ModelSource;
  info: CheckpointInfo;
}

/** @returns one model or more @throws UserError where there is none, saying how to get one */
export async function findModels(choice: ModelChoice): Promise<ModelSource[]> {
  if (choice.checkpoint !== undefined) return askedModels(choice.checkpoint, choice);
  const { checkpointDir, dataset = datasetNames[0] } = choice;
  const pretrained = await ofDataset(await pretrainedModels(checkpointDir), dataset);
  const newest = await newestModels(checkpointDir, dataset);
  if (newest && (pretrained.length === 0 || (newest.isComparable && bestAccuracy(newest.models) >= bestAccuracy(pretrained))))
    return withHint(newest.models, "choose another with --checkpoint");
  if (pretrained.length > 0) return withHint(pretrained, newest ? takenWith(newest) : "choose another with --checkpoint");
  throw new UserError(
    `There is no network trained on ${dataset} in ${checkpointDir}: train one with mnist-tui train --dataset ${dataset}, or name one with --checkpoint.`,
  );
}

/** @returns the runs of the dataset, the newest first, also those that have no checkpoint yet */
export async function runsOf({ checkpointDir, dataset = datasetNames[0] }: ModelChoice): Promise<RunPaths[]> {
  return (await listRuns(checkpointDir)).filter(({ record }) => record.config.dataset === dataset);
}

/** @returns the pretrained models of the dataset under names that no model of a run has */
export async function pretrainedOf({ checkpointDir, dataset = datasetNames[0] }: ModelChoice): Promise<ModelSource[]> {
  const sources = (await ofDataset(await pretrainedModels(checkpointDir), dataset)).map(({ source }) => source);
  return sources.map((source) => ({ ...source, name: sources.length > 1 ? `pretrained-${source.name}` : "pretrained" }));
}

/** @returns the model with the highest test accuracy; the first among equals @throws UserError where a checkpoint cannot be read */
export async function bestModel(sources: readonly ModelSource[]): Promise<ModelSource> {
  const candidates = await Promise.all(sources.map(candidate));
  return candidates.reduce((best, next) => (accuracyOf(next) > accuracyOf(best) ? next : best)).source;
}

async function askedModels(checkpoint: string, { checkpointDir, dataset }: ModelChoice): Promise<ModelSource[]> {
  const models = await namedModels(checkpoint, checkpointDir);
  if (dataset === undefined) return models;
  const fitting = await ofDataset(models, dataset);
  if (fitting.length > 0) return fitting.map(({ source }) => source);
  const { info } = await candidate(models[0]);
  throw new UserError(
    `--checkpoint ${checkpoint} was trained on ${info.dataset}, not on ${dataset}; leave --dataset out or name another.`,
    2,
  );
}

interface RunModels {
  run: RunPaths;
  models: Candidate[];
  /** Whether it was tested on all test images. */
  isComparable: boolean;
}

/** @returns the models of the newest run that has checkpoints of the dataset */
async function newestModels(checkpointDir: string, dataset: string): Promise<RunModels | undefined> {
  for (const run of await listRuns(checkpointDir)) {
    const models = await ofDataset(await modelsOfRun(run), dataset);
    if (models.length > 0) return { run, models, isComparable: (run.record.config.limitTest ?? testImages) >= testImages };
  }
  return undefined;
}

/** @returns the words for a run that is not better than the pretrained network, and how to take it all the same */
function takenWith({ run, models, isComparable }: RunModels): string {
  const best = models.reduce((top, next) => (accuracyOf(next) > accuracyOf(top) ? next : top));
  const few = isComparable ? "" : `'s first ${run.record.config.limitTest} test images`;
  return `the newest run has ${accuracyText(best.info)}${few}, choose it with --checkpoint ${run.name}`;
}

async function ofDataset(sources: readonly ModelSource[], dataset: string): Promise<Candidate[]> {
  return (await Promise.all(sources.map(candidate))).filter(({ info }) => info.dataset === dataset);
}

async function candidate(source: ModelSource): Promise<Candidate> {
  return { source, info: await readCheckpointInfo(source.dir) };
}

function withHint(candidates: readonly Candidate[], otherwise: string): ModelSource[] {
  return candidates.map(({ source }) => ({ ...source, otherwise }));
}

function bestAccuracy(candidates: readonly Candidate[]): number {
  return Math.max(...candidates.map(accuracyOf));
}

function accuracyOf({ info }: Candidate): number {
  return info.metrics.testAccuracy ?? Number.NEGATIVE_INFINITY;
}
