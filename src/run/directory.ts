import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "#zod";
import { checkName, isRunName } from "../config/folder-names.js";
import type { RunConfig } from "../config/types.js";
import { errorCode, exists, fileErrorReason, makeDirectory, writeFileAtomic, writeRemedy, writeSynced } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";
import { didYouMean } from "../util/nearest.js";
import { firstIssue } from "../util/schema-issue.js";
import { nameCheckpoint } from "./checkpoint.js";
import { nameEvents } from "./log.js";

/** Where runs lie: CHECKPOINT_DIR/RUN/run.json and, for each model, CHECKPOINT_DIR/RUN/MODEL/{events.jsonl, best/, last/}. */

/** The content of run.json. */
export interface RunRecord {
  config: RunConfig;
  /** SHA-256 over the dataset's files. */
  datasetDigest: string;
  /** Versions by name: "mnist-tui", "node", … */
  versions: Record<string, string>;
  device: string;
  engine: string;
  /** ISO 8601, UTC */
  created: string;
}

export interface ModelPaths {
  dir: string;
  events: string;
  best: string;
  last: string;
  /** Lines that the trainer's process printed. */
  log: string;
}

export interface RunPaths {
  name: string;
  dir: string;
  /** run.json */
  file: string;
  record: RunRecord;
  /** Paths of a model of the run; nothing is created. */
  model(name: string): ModelPaths;
}

const recordFile = "run.json";
/** Tells apart the temporary folders of one process. */
let created = 0;

const recordSchema = z.object({
  config: z.looseObject({ run: z.string(), models: z.array(z.looseObject({ name: z.string(), preset: z.string() })) }),
  datasetDigest: z.string(),
  versions: z.record(z.string(), z.string()),
  device: z.string(),
  engine: z.string(),
  created: z.iso.datetime(),
});

/**
 * Creates the run's folder with its run.json, both or neither.
 * @throws UserError where a run of that name exists, the name is not allowed or the folder cannot be written
 */
export async function createRun(checkpointDir: string, record: RunRecord): Promise<RunPaths> {
  const name = record.config.run;
  checkName(name, "run");
  for (const model of record.config.models) checkName(model.name, "model");
  const paths = runPaths(checkpointDir, name, record);
  const temporary = temporaryPath(checkpointDir, name, "new");
  const taken = () =>
    new UserError(`A run named ${name} exists already in ${checkpointDir}; choose another name with --run or go on with --resume ${name}.`);
  if (await exists(paths.dir)) throw taken();
  try {
    await makeDirectory(checkpointDir);
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    await writeSynced(join(temporary, recordFile), recordText(record));
    await rename(temporary, paths.dir);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    if (["ENOTEMPTY", "EEXIST"].includes(errorCode(error) ?? "") && (await exists(paths.dir))) throw taken();
    const reason = fileErrorReason(error);
    if (!reason) throw error;
    throw new UserError(
      `Cannot create a run in ${checkpointDir}: ${reason}; ${writeRemedy(error)} or choose another folder with --checkpoint-dir.`,
    );
  }
  return paths;
}

/** Replaces the record of an existing run, as when a resume trains for more epochs. */
export async function updateRun(paths: RunPaths, record: RunRecord): Promise<RunPaths> {
  await writeFileAtomic(paths.file, recordText(record));
  return { ...paths, record };
}

/** @throws UserError where there is no such run (listing those there are) or its run.json cannot be read */
export async function openRun(checkpointDir: string, name: string): Promise<RunPaths> {
  checkName(name, "run");
  const file = join(checkpointDir, name, recordFile);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const reason = fileErrorReason(error);
    if (!reason) throw error;
    if (!["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) throw new UserError(`Cannot read ${file}: ${reason}.`);
    const names = (await listRuns(checkpointDir)).map((run) => run.name);
    const known = names.length > 0 ? `choose one of ${names.slice(0, 10).join(", ")}${names.length > 10 ? ", …" : ""}` : "it holds no runs";
    throw new UserError(`There is no run named ${name} in ${checkpointDir}; ${known}${didYouMean(name, names)}.`);
  }
  return runPaths(checkpointDir, name, parseRecord(file, text));
}

/**
 * Sets a run aside, under a name that is never listed, and removes it: one that is broken off in between is not listed either.
 * @throws UserError where the folder cannot be changed
 */
export async function removeRun(checkpointDir: string, run: RunPaths): Promise<void> {
  const aside = temporaryPath(checkpointDir, run.name, "old");
  try {
    await rename(run.dir, aside);
    await rm(aside, { recursive: true, force: true });
  } catch (error) {
    const reason = fileErrorReason(error);
    throw reason ? new UserError(`Cannot remove ${run.dir}: ${reason}; make ${checkpointDir} and all in it writable.`) : error;
  }
}

/**
 * Gives a run another name: its folder, then its run.json, its checkpoints and its logs. The folder's name is the one that counts, so a
 * rename that is broken off leaves a run that can be trained and read.
 * @throws UserError where the name is not allowed (exit code 2), taken, or the folder cannot be changed
 */
export async function renameRun(checkpointDir: string, run: RunPaths, name: string): Promise<RunPaths> {
  checkName(name, "run");
  const renamed = runPaths(checkpointDir, name, run.record);
  if (await exists(renamed.dir)) throw new UserError(`A run named ${name} exists already in ${checkpointDir}; choose another name.`);
  try {
    await rename(run.dir, renamed.dir);
  } catch (error) {
    const reason = fileErrorReason(error);
    throw reason ? new UserError(`Cannot rename ${run.dir}: ${reason}; make ${checkpointDir} writable.`) : error;
  }
  await updateRun(renamed, renamed.record);
  for (const model of renamed.record.config.models) {
    const { best, last, events } = renamed.model(model.name);
    for (const dir of [best, last]) await nameCheckpoint(dir, name);
    await nameEvents(events, name);
  }
  return renamed;
}

/** @returns the runs in the folder, newest first; folders that are no runs are left out, as is a folder that does not exist */
export async function listRuns(checkpointDir: string): Promise<RunPaths[]> {
  const entries = await readdir(checkpointDir, { withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw new UserError(`Cannot read the folder ${checkpointDir}: ${fileErrorReason(error) ?? String(error)}.`);
  });
  const runs: RunPaths[] = [];
  for (const entry of entries) {
    // A run may lie elsewhere and be linked here; a run being created is none yet, and one being removed none any more.
    const folder = entry.isDirectory() || entry.isSymbolicLink();
    if (!folder || !isRunName(entry.name) || /^\..*\.\d+\.\d+\.(new|old)$/.test(entry.name)) continue;
    const file = join(checkpointDir, entry.name, recordFile);
    try {
      runs.push(runPaths(checkpointDir, entry.name, parseRecord(file, await readFile(file, "utf8"))));
    } catch {
      // Not a run, or one that openRun will explain when it is asked for by name.
    }
  }
  return runs.sort((a, b) => Date.parse(b.record.created) - Date.parse(a.record.created) || (a.name < b.name ? 1 : -1));
}

/** @returns the run created last, or undefined where there is none */
export async function newestRun(checkpointDir: string): Promise<RunPaths | undefined> {
  return (await listRuns(checkpointDir))[0];
}

/** @returns a folder beside the runs that is none of them */
function temporaryPath(checkpointDir: string, name: string, kind: "new" | "old"): string {
  return join(checkpointDir, `.${name.slice(0, 40)}.${process.pid}.${created++}.${kind}`);
}

/** A run's name is its folder's: run.json says another one where the folder was moved by hand. */
function runPaths(checkpointDir: string, name: string, record: RunRecord): RunPaths {
  const dir = join(checkpointDir, name);
  return {
    name,
    dir,
    file: join(dir, recordFile),
    record: { ...record, config: { ...record.config, run: name } },
    model(model) {
      const modelDir = join(dir, model);
      return {
        dir: modelDir,
        events: join(modelDir, "events.jsonl"),
        best: join(modelDir, "best"),
        last: join(modelDir, "last"),
        log: join(modelDir, "trainer.log"),
      };
    },
  };
}

function parseRecord(file: string, text: string): RunRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UserError(`${file} is not JSON; the run cannot be read.`);
  }
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) throw new UserError(`${file} is not a run's record: ${firstIssue(parsed.error)}.`);
  return parsed.data as unknown as RunRecord;
}

function recordText(record: RunRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}
