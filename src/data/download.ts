import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import path from "node:path";
import { fileErrorReason, makeDirectory, writeSynced } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";
import type { DatasetEntry, DatasetFile } from "./catalog.js";
import { readContent, sha256 } from "./idx.js";
import { proxyFor } from "./proxy.js";
import { get, requestProblem } from "./request.js";

export interface DownloadProgress {
  file: string;
  /** Bytes as transmitted (compressed), or digits generated. */
  received: number;
  total?: number;
  unit: "bytes" | "digits";
}

interface DownloadOptions {
  signal?: AbortSignal;
  onProgress?(progress: DownloadProgress): void;
  /** Milliseconds: for the first answer of any mirror, and between two pieces of a file. */
  timeouts?: { answer: number; silence: number };
}

/** No mirror gave the file; the message gives each mirror's reason. */
export class DownloadError extends UserError {}

/** The destination folder cannot be written; the message names it and the reason. */
export class UnwritableError extends UserError {}

/** The program reports an unreachable network within 5 s of its start: 4 s for the mirrors leave 1 s for the rest. */
const defaultTimeouts = { answer: 4_000, silence: 10_000 };
/** Time after which the next mirror is asked too; the first answer is used. */
const staggerMilliseconds = 600;
/** Bytes. The largest compressed file of the catalog has less than half of it. */
const largestDownload = 64 * 1024 * 1024;
/** Age of a partial file that no running download can own. */
const staleMilliseconds = 24 * 3600 * 1000;

/** @returns addresses of the folders to download from: below those of MNIST_TUI_MIRROR (comma-separated, each with a folder a dataset), else the catalog's */
function mirrorsOf(entry: DatasetEntry): readonly string[] {
  const override = process.env.MNIST_TUI_MIRROR;
  if (!override) return entry.mirrors;
  const folders = override.split(",").map((mirror) => mirror.trim().replace(/\/*$/, "/"));
  return folders.map((folder) => `${folder}${entry.name}/`);
}

/**
 * Downloads files to `directory`: each to a temporary file, verified by the SHA-256 of its decompressed content, decompressed, then
 * renamed, so that a file under its final name is always whole. After a mirror that fails, stalls or sends another content comes the next.
 * @returns paths by DatasetFile.name
 * @throws DownloadError where no mirror gives a file; UnwritableError where the folder cannot be written; UserError where a variable of
 *   the environment names no proxy; the signal's reason where that is aborted
 */
export async function downloadFiles(
  entry: DatasetEntry,
  files: readonly DatasetFile[],
  directory: string,
  options: DownloadOptions = {},
): Promise<Map<string, string>> {
  await prepareDirectory(directory);
  let mirrors = mirrorsOf(entry).map((address): Mirror => ({ address, name: nameOf(address) }));
  const paths = new Map<string, string>();
  for (const file of files) {
    const failures: string[] = [];
    let candidates = mirrors;
    while (!paths.has(file.name)) {
      const opened = await openAny(candidates, `${file.name}.gz`, options, failures);
      if (!opened) {
        throw new DownloadError(
          `${entry.title} could not be downloaded (${file.name}.gz): ${failures.join("; ")}; ` +
            "check the network, or put the four files into a folder and name it with --data-dir.",
        );
      }
      const outcome = await receive(opened, file, directory, options);
      if ("path" in outcome) {
        paths.set(file.name, outcome.path);
        // The mirror that works serves the remaining files too.
        mirrors = [opened.mirror, ...mirrors.filter((mirror) => mirror !== opened.mirror)];
      } else {
        failures.push(`${opened.mirror.name}: ${outcome.failure}`);
        candidates = candidates.filter((mirror) => mirror !== opened.mirror);
      }
    }
  }
  return paths;
}

async function prepareDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
    for (const name of await readdir(directory)) {
      if (!name.endsWith(".part")) continue;
      const left = path.join(directory, name);
      const { mtimeMs } = await stat(left);
      if (Date.now() - mtimeMs > staleMilliseconds) await rm(left, { force: true });
    }
  } catch (error) {
    throw unwritable(directory, error);
  }
}

function unwritable(directory: string, error: unknown): UnwritableError {
  const reason = fileErrorReason(error) ?? (error as Error).message;
  return new UnwritableError(
    `Expected a cache folder that can be written, got ${directory}: ${reason}; set MNIST_TUI_CACHE to another folder.`,
  );
}

interface Mirror {
  address: string;
  /** Its host and the proxy on the way to it, for messages. */
  name: string;
}

/** A mirror's answer whose body has not been read. */
interface Opened {
  mirror: Mirror;
  answer: IncomingMessage;
  abort: AbortController;
}

/**
 * Asks the mirrors in their order, the next one as soon as its predecessor has failed or `staggerMilliseconds` have passed, all within
 * one time limit. @returns the first good answer; undefined where there is none, with the reasons added to `failures`
 */
function openAny(mirrors: readonly Mirror[], fileName: string, options: DownloadOptions, failures: string[]): Promise<Opened | undefined> {
  const limit = (options.timeouts ?? defaultTimeouts).answer;
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const pending = new Map<Mirror, AbortController>();
    let launched = 0;
    let stagger: NodeJS.Timeout | undefined;
    let settled = false;

    const settle = (opened?: Opened) => {
      settled = true;
      clearTimeout(stagger);
      clearTimeout(deadline);
      signal?.removeEventListener("abort", onAbort);
      for (const [mirror, abort] of pending) if (mirror !== opened?.mirror) abort.abort();
      if (signal?.aborted) reject(signal.reason);
      else resolve(opened);
    };
    const onAbort = () => settle();
    const onDeadline = () => {
      for (const { name } of pending.keys()) failures.push(`${name}: no answer within ${limit / 1000} s`);
      settle();
    };
    const launchNext = () => {
      clearTimeout(stagger);
      const mirror = mirrors[launched++];
      if (mirror === undefined) {
        if (pending.size === 0) settle();
        return;
      }
      const abort = new AbortController();
      pending.set(mirror, abort);
      stagger = setTimeout(launchNext, staggerMilliseconds);
      get(mirror.address + fileName, abort.signal).then(
        (answer) => {
          if (settled) abort.abort();
          else if (answer.statusCode === 200) settle({ mirror, answer, abort });
          else fail(mirror, abort, `HTTP status ${answer.statusCode}`);
        },
        (error) => fail(mirror, abort, requestProblem(error)),
      );
    };
    const fail = (mirror: Mirror, abort: AbortController, reason: string) => {
      if (settled) return;
      abort.abort();
      pending.delete(mirror);
      failures.push(`${mirror.name}: ${reason}`);
      launchNext();
    };
    const deadline = setTimeout(onDeadline, limit);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) settle();
    else launchNext();
  });
}

/** Streams the body to a temporary file, verifies and renames it. @returns the final path, or why the mirror failed */
async function receive(
  opened: Opened,
  file: DatasetFile,
  directory: string,
  options: DownloadOptions,
): Promise<{ path: string } | { failure: string }> {
  const temporary = path.join(directory, `.${file.name}.${process.pid}.${randomBytes(4).toString("hex")}.part`);
  try {
    const interrupted = await writeBody(opened, temporary, file, options);
    options.signal?.throwIfAborted();
    if (interrupted) return { failure: interrupted };
    const { bytes, damage, unreadable } = await readContent(temporary, file.bytes + 1);
    if (unreadable) throw unwritable(directory, new Error(unreadable));
    const digest = sha256(bytes);
    if (damage || digest !== file.sha256)
      return { failure: `sent a file with SHA-256 ${digest}${damage ? ` (${damage})` : ""}, expected ${file.sha256}` };
    // Stored decompressed: a run then starts sooner.
    await writeSynced(temporary, bytes).catch((error) => {
      throw unwritable(directory, error);
    });
    const final = path.join(directory, file.name);
    await rename(temporary, final);
    // A compressed copy is damaged, or was stored by an older version.
    await rm(`${final}.gz`, { force: true });
    return { path: final };
  } finally {
    opened.abort.abort();
    await rm(temporary, { force: true });
  }
}

/** @returns why the body is incomplete; undefined where it is whole */
async function writeBody(opened: Opened, temporary: string, file: DatasetFile, options: DownloadOptions): Promise<string | undefined> {
  const { answer, abort } = opened;
  const silence = (options.timeouts ?? defaultTimeouts).silence;
  const total = Number(answer.headers["content-length"]) || undefined;
  const report = (received: number) => options.onProgress?.({ file: `${file.name}.gz`, received, total, unit: "bytes" });
  const onAbort = () => abort.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", onAbort);
  let stalled: string | undefined;
  const startTimer = () =>
    setTimeout(() => {
      stalled = `silent for ${silence / 1000} s in the middle of the file`;
      abort.abort();
    }, silence);
  let timer = startTimer();
  const handle = await open(temporary, "wx").catch((error) => {
    throw unwritable(path.dirname(temporary), error);
  });
  try {
    let received = 0;
    report(0);
    for await (const piece of answer) {
      clearTimeout(timer);
      timer = startTimer();
      received += piece.length;
      if (received > largestDownload) return `sent more than ${largestDownload} bytes`;
      await handle.write(piece).catch((error) => {
        throw unwritable(path.dirname(temporary), error);
      });
      report(received);
    }
    return undefined;
  } catch (error) {
    if (error instanceof UserError) throw error;
    return stalled ?? `broke off: ${requestProblem(error)}`;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    await handle.close();
  }
}

/** @throws UserError where a variable of the environment names no proxy */
function nameOf(mirror: string): string {
  if (!URL.canParse(mirror)) return mirror;
  const url = new URL(mirror);
  const proxy = proxyFor(url);
  return proxy ? `${url.host} through the proxy ${proxy.url.host} (${proxy.variable})` : url.host;
}
