import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import type { ModelPaths, RunPaths } from "../run/directory.js";
import { parseEvent } from "../run/log.js";
import { type Progress, storedProgress } from "./progress.js";
import { lockHolder } from "./run-lock.js";

/** A run in the list of runs. */
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

interface ModelOverview {
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
    const progress = await knownProgress(paths.last);
    // A trainer may have ended after it saved best and before it saved last.
    const best = [progress?.best, (await knownProgress(paths.best))?.best].reduce((a, b) => (a && (!b || a.step >= b.step) ? a : b));
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

/** A checkpoint that cannot be read does not keep the others from being listed. */
function knownProgress(checkpointDir: string): Promise<Progress | undefined> {
  return storedProgress(checkpointDir).catch(() => undefined);
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
