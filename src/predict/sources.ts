import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasCheckpoint, readCheckpointInfo } from "../run/checkpoint.js";
import type { RunPaths } from "../run/directory.js";

/** Where trained models lie: in runs, in folders of checkpoints, and with the program. */

export interface ModelSource {
  /** Unique among those found together. */
  name: string;
  /** The checkpoint's folder. */
  dir: string;
  /** Name of its run; absent where it belongs to none. */
  run?: string;
  /** For people: "simple, best of run 2025-01-02" */
  origin: string;
  /** How to take another model, for people: "choose another with --checkpoint"; absent where this one was asked for. */
  otherwise?: string;
}

/** Comes with the program. */
const pretrainedDir = fileURLToPath(new URL("../../checkpoints/pretrained", import.meta.url));

/** @returns all models of a run, also those that have no checkpoint yet */
export function sourcesOf(run: RunPaths): ModelSource[] {
  return run.record.config.models.map(({ name }) => ({
    name,
    dir: run.model(name).best,
    run: run.name,
    origin: `${name}, best of run ${run.name}`,
  }));
}

/** @returns the models of a run that have a checkpoint */
export async function modelsOfRun(run: RunPaths): Promise<ModelSource[]> {
  const sources = sourcesOf(run);
  const there = await Promise.all(sources.map(({ dir }) => hasCheckpoint(dir)));
  return sources.filter((_, i) => there[i]);
}

/**
 * @param dir a folder that is a checkpoint, holds best/, or holds folders of either kind
 * @param place where the models are from, for people: "pretrained"
 */
export async function modelsIn(dir: string, place: string): Promise<ModelSource[]> {
  if (await hasCheckpoint(dir)) return [await checkpointSource(dir, place)];
  if (await hasCheckpoint(join(dir, "best"))) return [await checkpointSource(join(dir, "best"), place)];
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const models: ModelSource[] = [];
  for (const { name } of entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")))
    for (const folder of [join(dir, name), join(dir, name, "best")])
      if (await hasCheckpoint(folder)) models.push({ name, dir: folder, origin: `${name}, ${place}` });
  return models;
}

export async function checkpointSource(dir: string, place: string): Promise<ModelSource> {
  const { model, preset, run } = await readCheckpointInfo(dir);
  const name = model ?? preset;
  return { name, dir, run, origin: `${name}, ${place}` };
}

/** @returns the models in CHECKPOINT_DIR/pretrained, else those that come with the program */
export async function pretrainedModels(checkpointDir: string): Promise<ModelSource[]> {
  const own = await modelsIn(join(checkpointDir, "pretrained"), "pretrained");
  return own.length > 0 ? own : modelsIn(pretrainedDir, "pretrained");
}
