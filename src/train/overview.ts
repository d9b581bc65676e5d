import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { ModelPaths, RunPaths } from "../run/directory.js";
import { parseEvent } from "../run/log.js";
import { settledDirectory } from "../util/atomic-write.js";
import { type Progress, parseProgress } from "./progress.js";
import { lockHolder } from "./run-lock.js";

/** What the list of runs says about one of them. */
export interface RunOverview {
  run: string;
  /** ISO 8601, UTC */
  created: string;
  dataset: string;
  seed: number;
  engine: string;
  device: string;
  directory: string;
  models: ModelOverview[];
}

export interface ModelOverview {
  name: string;
  preset: string;
  /** Trained and evaluated. */
  epochs: number;
  epochsPlanned: number;
  testAccuracy?: number;
  bestTestAccuracy?: number;
  bestEpoch?: number;
  /** interrupted and failed ones can be resumed. */
  state: "training" | "completed" | "early-stop" | "stopped" | "interrupted" | "failed";
}

/** Reads only the small files of a run, however long its logs are. */
export async function describeRun(run: RunPaths): Promise<RunOverview> {
  const { config, created, engine, device } = run.record;
  const training = lockHolder(run.dir) !== undefined;
  const models = config.models.map(async (model): Promise<ModelOverview> => {
    const paths = run.model(model.name);
    const progress = await storedProgress(paths.last);
    // A trainer that ended between saving best and saving last knows more in best.
    const best = [progress?.best, (await storedProgress(paths.best))?.best].reduce((a, b) => (a && (!b || a.step >= b.step) ? a : b));
    return {
      name: model.name,
      preset: model.preset,
      epochs: progress?.epochs ?? 0,
      epochsPlanned: model.epochs,
      testAccuracy: progress?.newest?.testAccuracy,
      bestTestAccuracy: best?.testAccuracy,
      bestEpoch: best?.epoch,
      state: stateOf(paths, progress, training),
    };
  });
  return {
    run: run.name,
    created,
    dataset: config.dataset,
    seed: config.seed,
    engine,
    device,
    directory: run.dir,
    models: await Promise.all(models),
  };
}

function stateOf(paths: ModelPaths, progress: Progress | undefined, training: boolean): ModelOverview["state"] {
  if (progress?.finished) return progress.finished;
  const end = lastEnd(paths.events);
  if (end === "error") return "failed";
  return training && end !== "done" ? "training" : "interrupted";
}

async function storedProgress(checkpoint: string): Promise<Progress | undefined> {
  const file = join(await settledDirectory(checkpoint), "model.json");
  try {
    return parseProgress((JSON.parse(readFileSync(file, "utf8")) as { progress?: unknown }).progress, file);
  } catch {
    return undefined;
  }
}

/** @returns the type of the newest start, done or error event in the last 64 KiB of a log */
function lastEnd(events: string): "start" | "done" | "error" | undefined {
  if (!existsSync(events)) return undefined;
  const descriptor = openSync(events, "r");
  try {
    const size = fstatSync(descriptor).size;
    const tail = Buffer.alloc(Math.min(size, 65_536));
    readSync(descriptor, tail, 0, tail.length, size - tail.length);
    const lines = tail.toString("utf8").split("\n").reverse();
    for (const line of lines) {
      const type = parseEvent(line)?.type;
      if (type === "start" || type === "done" || type === "error") return type;
    }
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}
