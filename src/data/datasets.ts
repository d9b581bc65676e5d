import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { DatasetName } from "../config/types.js";
import { UserError } from "../util/errors.js";
import { imagePixels } from "../util/image-size.js";
import { catalog, type DatasetEntry, filesOf } from "./catalog.js";
import { type DownloadProgress, downloadFiles, UnwritableError } from "./download.js";
import { sha256 } from "./idx.js";
import { dataDirectory, findInCache, findInDirectory, type Location } from "./locate.js";
import { forgetReadAhead } from "./read-ahead.js";
import type { Split } from "./split.js";
import { obtainSynthetic } from "./synthetic/store.js";
import { type Check, checkFile, checkFiles, splitsOf } from "./verify.js";

export interface Dataset {
  name: DatasetName;
  train: Split;
  test: Split;
  classNames: readonly string[];
  normalization: { mean: number; std: number };
  /** SHA-256 over the digests of the four decompressed files; the limits do not change it. */
  digest: string;
  /** The folder that the files were read from, or "downloaded" or "generated". */
  source: string;
}

interface DatasetOptions {
  /** --data-dir, or MNIST_TUI_DATA where undefined; searched before the cache and the mirrors. */
  dataDir?: string;
  /** Number of samples to use, the first ones of the split; undefined: all. */
  limitTrain?: number;
  limitTest?: number;
  /** The user named the dataset. A dataset that is the default is replaced by synthetic digits where it is unavailable, with a notice. */
  explicit: boolean;
  /** required: a cache that cannot be written is an error. Without it the download goes to a temporary folder then. */
  store?: "required";
  signal?: AbortSignal;
  onProgress?(progress: DownloadProgress): void;
  onNotice?(message: string): void;
}

/**
 * Finds a dataset in the data directory or the cache, else downloads or generates it, and verifies every byte.
 * @throws UserError for a file of the data directory that is missing, unreadable or has another content (a file of the cache is
 *   downloaded instead), and where the dataset can be neither found nor downloaded; the signal's reason where that is aborted
 */
export async function loadDataset(name: DatasetName, options: DatasetOptions): Promise<Dataset> {
  try {
    if (name === "synthetic") return await synthetic(options);
    const { checks, source } = await obtain(name, options);
    return assemble(catalog[name], { ...splitsOf(checks), source }, options);
  } catch (error) {
    if (!replacedBySynthetic(name, options, error)) throw error;
    return await synthetic(options);
  } finally {
    forgetReadAhead();
  }
}

export interface DatasetReport {
  dataset: DatasetName;
  /** undefined: the files are neither in the data directory nor in the cache. */
  location?: Location;
  /** [4], or empty where no file was found. */
  checks: readonly Check[];
  /** All four files are present and have the expected content. */
  verified: boolean;
}

/** Reads and verifies the files on the disk; writes and downloads nothing. @throws UserError where --data-dir is no folder */
export async function inspectDataset(name: DatasetName, options: { dataDir?: string }): Promise<DatasetReport> {
  const cache = findInCache(name);
  const found =
    (await firstVerified(name, findInData(name, options))) ?? (cache.files.size > 0 ? await firstVerified(name, [cache]) : undefined);
  if (!found) return { dataset: name, checks: [], verified: false };
  return { dataset: name, ...found, verified: !problemIn(found.checks) };
}

/** A file of the data directory is missing or has another content. The user corrects it: no other data take its place. */
class WrongFileError extends UserError {}

function replacedBySynthetic(name: DatasetName, options: DatasetOptions, error: unknown): boolean {
  const unavailable = error instanceof UserError && !(error instanceof WrongFileError) && error.exitCode === 1;
  if (options.explicit || name === "synthetic" || !unavailable) return false;
  options.onNotice?.(`Using synthetic digits, because ${catalog[name].title} is not available: ${error.message}`);
  return true;
}

function findInData(name: DatasetName, options: { dataDir?: string; onNotice?(message: string): void }): Location[] {
  const data = dataDirectory(options.dataDir);
  const { folders, title, files } = catalog[name];
  if (!data) return [];
  const elsewhere = `${title} is looked for in the cache and on the network`;
  try {
    const locations = findInDirectory(name, data);
    if (locations.length === 0)
      options.onNotice?.(
        `${title} is not in ${data.directory} (${data.origin}), where ${files.trainImages.name}[.gz] and the other three files were looked ` +
          `for, also in its folders ${folders.join(", ")} and raw; ${elsewhere}.`,
      );
    return locations;
  } catch (error) {
    if (data.origin === "--data-dir" || !(error instanceof UserError)) throw error;
    options.onNotice?.(`${error.message} ${elsewhere}.`);
    return [];
  }
}

/** A location of a dataset's files and the results of verifying them. */
interface Found {
  location: Location;
  /** [4] */
  checks: readonly Check[];
}

/** @returns the first location whose four files are right, else the first that does not hold another dataset */
async function firstVerified(
  name: DatasetName,
  locations: readonly Location[],
  onNotice?: (message: string) => void,
): Promise<Found | undefined> {
  let wrong: Found | undefined;
  for (const location of locations) {
    const checks = await checkFiles(catalog[name], location, onNotice);
    if (belongsToAnother(name, location, checks)) {
      onNotice?.(`${location.directory} holds another dataset than ${catalog[name].title}; the search goes on.`);
      continue;
    }
    const earlier = wrong && problemIn(wrong.checks);
    if (!problemIn(checks)) {
      if (earlier) onNotice?.(`${earlier.path}: ${earlier.problem}; using the files in ${location.directory}.`);
      return { location, checks };
    }
    wrong ??= { location, checks };
  }
  return wrong;
}

function problemIn(checks: readonly Check[]): Check | undefined {
  return checks.find(({ problem }) => problem);
}

/** Datasets share file names, so the files of a shared folder are told apart by their content. */
function belongsToAnother(name: DatasetName, location: Location, checks: readonly Check[]): boolean {
  if (!location.shared) return false;
  return Object.values(catalog).some(
    (other) => other.name !== name && filesOf(other).some(({ sha256 }, i) => checks[i].present && sha256 === checks[i].digest),
  );
}

async function obtain(name: DatasetName, options: DatasetOptions): Promise<{ checks: readonly Check[]; source: string }> {
  const entry = catalog[name];
  const found = await firstVerified(name, findInData(name, options), options.onNotice);
  if (found) {
    const wrong = problemIn(found.checks);
    if (!wrong) return { checks: found.checks, source: found.location.directory };
    throw new WrongFileError(
      `${wrong.path}: ${wrong.problem}; put the original ${wrong.file.name}.gz there, or leave that folder out to download it.`,
    );
  }
  const cache = findInCache(name);
  const checks = await checkFiles(entry, cache, options.onNotice);
  const wrong = checks.filter(({ problem }) => problem);
  if (wrong.length === 0) return { checks, source: cache.directory };
  for (const { path, problem, present } of wrong) if (present) options.onNotice?.(`${path}: ${problem}; downloading it.`);
  const files = wrong.map(({ file }) => file);
  const downloadTo = async (directory: string) => {
    for (const [file, path] of await downloadFiles(entry, files, directory, options)) cache.files.set(file, [path]);
    const rechecked = checks.map((check) => (check.problem ? checkFile(check.file, cache) : check));
    return { checks: await Promise.all(rechecked), source: cache.directory };
  };
  try {
    return await downloadTo(cache.directory);
  } catch (error) {
    if (!(error instanceof UnwritableError) || options.store === "required") throw error;
    options.onNotice?.(`${error.message.replace(/\.$/, "")}. ${entry.title} is downloaded for this run only.`);
    const folder = await mkdtemp(path.join(tmpdir(), "mnist-tui-download-"));
    try {
      return { ...(await downloadTo(folder)), source: "downloaded" };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function synthetic(options: DatasetOptions): Promise<Dataset> {
  return assemble(catalog.synthetic, await obtainSynthetic(options), options);
}

function assemble(entry: DatasetEntry, found: { train: Split; test: Split; source: string }, options: DatasetOptions): Dataset {
  return {
    name: entry.name,
    train: limited(found.train, options.limitTrain),
    test: limited(found.test, options.limitTest),
    classNames: entry.classNames,
    normalization: entry.normalization,
    digest: sha256(
      filesOf(entry)
        .map(({ sha256 }) => sha256)
        .join(""),
    ),
    source: found.source,
  };
}

/** @returns the first `limit` samples, copied so that the whole split can leave the memory; the split itself where it has no more */
function limited({ images, labels }: Split, limit: number | undefined): Split {
  if (limit === undefined || limit >= labels.length) return { images, labels };
  return { images: images.slice(0, limit * imagePixels), labels: labels.slice(0, limit) };
}
