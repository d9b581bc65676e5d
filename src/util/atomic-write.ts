import { mkdir, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "./errors.js";

/**
 * Files and folders that are whole or absent, never half-written: everything is written beside its place, synced to the
 * disk, then renamed. A folder cannot be renamed over a full one, so replacing takes two renames; `settledDirectory`
 * finds the whole copy for a reader that comes between them or after a crash between them.
 */

const reasons: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder",
  EEXIST: "something of that name is in the way",
  ENOENT: "no such file or folder",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
  ELOOP: "its symbolic links lead in a circle",
};

/** @returns the reason of a file-system error, for people; undefined for other errors */
export function fileErrorReason(error: unknown): string | undefined {
  const code = errorCode(error);
  return code && (reasons[code] ?? (error as Error).message);
}

/** @returns the remedy of an error in writing, for people: "make room there" or "make it writable" */
export function writeRemedy(error: unknown): string {
  return ["ENOSPC", "EDQUOT"].includes(errorCode(error) ?? "") ? "make room there" : "make it writable";
}

/** @returns "ENOENT" and the like; undefined where the error has no code */
export function errorCode(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** Tells apart the temporary files of one process. */
let written = 0;

/** Writes or replaces one file. @throws UserError naming the path and the reason; the old file is then untouched */
export async function writeFileAtomic(path: string, data: string | Uint8Array | AsyncIterable<string>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${written++}.new`);
  try {
    await writeSynced(temporary, data);
    await rename(temporary, path);
    await syncPath(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw writeError(path, error);
  }
}

/**
 * Writes or replaces a folder as a whole. One writer a path at a time.
 * @param write fills the temporary folder that it is given
 * @throws the error of `write`, or UserError naming the path and the reason; the old folder is then untouched
 */
export async function replaceDirectory(path: string, write: (temporaryDir: string) => Promise<void>): Promise<void> {
  const { fresh, old } = siblings(path);
  try {
    await makeDirectory(dirname(path));
    // A crash may have left the whole copy set aside: it is put back before anything is removed.
    if (!(await exists(path)) && (await exists(old))) await rename(old, path);
    await rm(old, { recursive: true, force: true });
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh);
    await write(fresh);
    await syncTree(fresh);
    if (await exists(path)) await rename(path, old);
    await rename(fresh, path);
    await syncPath(dirname(path));
    await rm(old, { recursive: true, force: true });
  } catch (error) {
    if (!(await exists(path)) && (await exists(old))) await rename(old, path).catch(() => {});
    await rm(fresh, { recursive: true, force: true }).catch(() => {});
    throw writeError(path, error);
  }
}

/** @returns where the whole copy of a folder kept by `replaceDirectory` lies now: the path itself, or the copy that a replacement in progress (or cut off) set aside */
export async function settledDirectory(path: string): Promise<string> {
  if (await exists(path)) return path;
  const { old } = siblings(path);
  return (await exists(old)) ? old : path;
}

/**
 * Creates a folder and the missing ones above it. Unlike mkdir's own `recursive` it always comes to an end: where a file system
 * answers ENOENT although the parent is there, as /proc does, Node repeats the attempt for ever.
 * @throws the system's error where a folder cannot be made
 */
export async function makeDirectory(path: string): Promise<void> {
  const place = resolve(path);
  if (await isDirectory(place)) return;
  if (dirname(place) !== place) await makeDirectory(dirname(place));
  try {
    await mkdir(place);
  } catch (error) {
    // Another process may have made it meanwhile; a file in its place is an error.
    if (errorCode(error) !== "EEXIST" || !(await isDirectory(place))) throw error;
  }
}

/** @returns whether a file or folder has the path */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

function siblings(path: string): { fresh: string; old: string } {
  const prefix = join(dirname(path), `.${basename(path)}`);
  return { fresh: `${prefix}.new`, old: `${prefix}.old` };
}

/** Writes a file and makes its content durable. @throws the system's error */
export async function writeSynced(path: string, data: string | Uint8Array | AsyncIterable<string>): Promise<void> {
  const file = await open(path, "w");
  try {
    await writeFile(file, data);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    await (entry.isDirectory() ? syncTree(child) : syncPath(child));
  }
  await syncPath(path);
}

/** Makes a file's content or a folder's entries durable. Where folders cannot be opened (Windows) the rename alone has to do. */
async function syncPath(path: string): Promise<void> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return;
  try {
    await file.sync();
  } catch (error) {
    if (!["EPERM", "EINVAL", "EISDIR", "ENOTSUP"].includes(errorCode(error) ?? "")) throw error;
  } finally {
    await file.close();
  }
}

function writeError(path: string, error: unknown): unknown {
  if (error instanceof UserError) return error;
  const reason = fileErrorReason(error);
  return reason ? new UserError(`Cannot write ${path}: ${reason}; ${writeRemedy(error)} or choose another folder.`) : error;
}
