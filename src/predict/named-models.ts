import { basename, dirname, isAbsolute, join } from "node:path";
import { hasCheckpoint } from "../run/checkpoint.js";
import { listRuns, openRun, type RunPaths } from "../run/directory.js";
import { exists } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";
import { didYouMean } from "../util/nearest.js";
import { checkpointSource, type ModelSource, modelsIn, modelsOfRun, pretrainedModels } from "./sources.js";

/** The models that --checkpoint names. */

/**
 * @param name a path, or what lies in the folder of runs: a run, RUN/MODEL, RUN/MODEL/last
 * @throws UserError where there is no such model, with the nearest names
 */
export async function namedModels(name: string, checkpointDir: string): Promise<ModelSource[]> {
  for (const place of placesOf(name, checkpointDir)) {
    const models = await modelsAt(place, name);
    if (models.length > 0) return models;
  }
  if (name === "pretrained") return pretrainedModels(checkpointDir);
  throw await unknownName(name, checkpointDir, (await exists(name)) ? "holds no checkpoint" : "does not exist");
}

/** @returns the run that --checkpoint names, with or without checkpoints; undefined where it names another thing */
export async function namedRun(name: string, checkpointDir: string): Promise<RunPaths | undefined> {
  for (const place of placesOf(name, checkpointDir))
    if (await exists(join(place, "run.json"))) return openRun(dirname(place), basename(place));
  return undefined;
}

function placesOf(name: string, checkpointDir: string): string[] {
  return isAbsolute(name) ? [name] : [name, join(checkpointDir, name)];
}

async function modelsAt(path: string, name: string): Promise<ModelSource[]> {
  if (await hasCheckpoint(path)) return [await checkpointSource(path, name)];
  if (!(await exists(join(path, "run.json")))) return modelsIn(path, path === name ? basename(path) : name);
  const models = await modelsOfRun(await openRun(dirname(path), basename(path)));
  if (models.length > 0) return models;
  throw new UserError(`The run ${path} has no checkpoint yet; wait for its first epoch, or name another with --checkpoint.`);
}

async function unknownName(name: string, checkpointDir: string, problem: string): Promise<UserError> {
  const runs = await listRuns(checkpointDir);
  const names = [
    "pretrained",
    ...runs.flatMap((run) => [run.name, ...run.record.config.models.map((model) => `${run.name}/${model.name}`)]),
  ];
  const offered = didYouMean(name, names) || `; such as ${[...runs.map((run) => run.name).slice(0, 3), "pretrained"].join(", ")}`;
  return new UserError(
    `${name} ${problem}: expected a folder with model.json, a model's or run's folder with best/ in it, or the name of a run or RUN/MODEL in ${checkpointDir}${offered}.`,
  );
}
