import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasCheckpoint, readCheckpointInfo } from "../run/checkpoint.js";
import { listRuns, openRun, type RunPaths } from "../run/directory.js";
import { exists } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";

/** Finds trained models: the ones asked for, else the newest run's, else those that come with the program. */

export interface ModelSource {
  /** Unique among those found together. */
  name: string;
  /** The checkpoint's folder. */
  dir: string;
  /** Name of its run; absent where it belongs to none. */
  run?: string;
  /** For people: "simple, best of run 2025-01-02" */
  origin: string;
}

export interface ModelChoice {
  /** A checkpoint's folder (best or last), a model's folder or a run's folder. */
  checkpoint?: string;
  checkpointDir: string;
}

/** Comes with the program. */
const pretrainedDir = fileURLToPath(new URL("../../checkpoints/pretrained", import.meta.url));

/** @returns one model or more @throws UserError where there is none, saying how to get one */
export async function findModels({ checkpoint, checkpointDir }: ModelChoice): Promise<ModelSource[]> {
  if (checkpoint !== undefined) return modelsAt(checkpoint);
  for (const run of await listRuns(checkpointDir)) {
    const models = await modelsOfRun(run);
    if (models.length > 0) return models;
  }
  for (const dir of [join(checkpointDir, "pretrained"), pretrainedDir]) {
    const models = await modelsIn(dir, "pretrained");
    if (models.length > 0) return models;
  }
  throw new UserError(`There is no trained model in ${checkpointDir}: train one with mnist-tui train, or name one with --checkpoint.`);
}

/** @returns the model with the highest test accuracy; the first among equals @throws UserError where a checkpoint cannot be read */
export async function bestModel(sources: readonly ModelSource[]): Promise<ModelSource> {
  let best = { source: sources[0], accuracy: Number.NEGATIVE_INFINITY };
  for (const source of sources) {
    const { metrics } = await readCheckpointInfo(source.dir);
    const accuracy = metrics.testAccuracy ?? Number.NEGATIVE_INFINITY;
    if (accuracy > best.accuracy) best = { source, accuracy };
  }
  return best.source;
}

async function modelsAt(path: string): Promise<ModelSource[]> {
  if (await hasCheckpoint(path)) return [await checkpointSource(path)];
  if (await exists(join(path, "run.json"))) {
    const models = await modelsOfRun(await openRun(dirname(path), basename(path)));
    if (models.length > 0) return models;
    throw new UserError(`The run ${path} has no checkpoint yet; wait for its first epoch, or name another with --checkpoint.`);
  }
  const models = await modelsIn(path, basename(path));
  if (models.length > 0) return models;
  const problem = (await exists(path)) ? "holds no checkpoint" : "does not exist";
  throw new UserError(`${path} ${problem}: expected a folder with model.json, or a model's or run's folder with best/ in it.`);
}

/** @returns all models of a run, also those that have no checkpoint yet */
export function sourcesOf(run: RunPaths): ModelSource[] {
  return run.record.config.models.map(({ name }) => ({
    name,
    dir: run.model(name).best,
    run: run.name,
    origin: `${name}, best of run ${run.name}`,
  }));
}

async function modelsOfRun(run: RunPaths): Promise<ModelSource[]> {
  const sources = sourcesOf(run);
  const there = await Promise.all(sources.map(({ dir }) => hasCheckpoint(dir)));
  return sources.filter((_, i) => there[i]);
}

/**
 * @param dir a folder that is a checkpoint, holds best/, or holds folders of either kind
 * @param place where the models are from, for people: "pretrained"
 */
async function modelsIn(dir: string, place: string): Promise<ModelSource[]> {
  if (await hasCheckpoint(dir)) return [await checkpointSource(dir, place)];
  if (await hasCheckpoint(join(dir, "best"))) return [await checkpointSource(join(dir, "best"), place)];
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const models: ModelSource[] = [];
  for (const { name } of entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")))
    for (const folder of [join(dir, name), join(dir, name, "best")])
      if (await hasCheckpoint(folder)) models.push({ name, dir: folder, origin: `${name}, ${place}` });
  return models;
}

async function checkpointSource(dir: string, place?: string): Promise<ModelSource> {
  const { model, preset, run } = await readCheckpointInfo(dir);
  const name = model ?? preset;
  return { name, dir, run, origin: `${name}, ${place ?? dir}` };
}
