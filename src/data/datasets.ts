import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { DatasetName } from "../config/types.js";
import { UserError } from "../util/errors.js";
import { imagePixels } from "../util/image-size.js";
import { catalog, type DatasetEntry, filesOf } from "./catalog.js";
import { type DownloadProgress, downloadFiles, UnwritableError } from "./download.js";
import { parseIdx, sha256 } from "./idx.js";
import { dataDirectory, findInCache, findInDirectory, type Location } from "./locate.js";
import { forgetReadAhead } from "./read-ahead.js";
import type { Split } from "./split.js";
import { obtainSynthetic } from "./synthetic/store.js";
import { type Check, checkFile, checkFiles } from "./verify.js";

export interface Dataset {
  name: DatasetName;
  train: Split;
  test: Split;
  classNames: readonly string[];
  normalization: { mean: number; std: number };
  /** SHA-256 over the SHA-256 of the four decompressed files, whatever the limits. */
  digest: string;
  /** Where it came from, for people. */
  source: string;
}

export interface DatasetOptions {
  /** --data-dir; undefined: MNIST_TUI_DATA. Looked into before the cache and the network. */
  dataDir?: string;
  /** Use the first samples only. */
  limitTrain?: number;
  limitTest?: number;
  /** The user named the dataset; where not, and it cannot be had, the synthetic digits step in with a notice. */
  explicit: boolean;
  /** required: the files themselves are what is wanted, so a cache that cannot be written is an error; else a temporary folder serves. */
  store?: "required";
  signal?: AbortSignal;
  onProgress?(progress: DownloadProgress): void;
  onNotice?(message: string): void;
}

/**
 * Finds (data directory, then cache), else downloads or generates a dataset, and checks every byte of it.
 * @throws UserError for a file that is missing, unreadable or other than expected (in the cache it is fetched again instead), and
 *   where the dataset can be neither found nor downloaded; the signal's reason where that is aborted
 */
export async function loadDataset(name: DatasetName, options: DatasetOptions): Promise<Dataset> {
  try {
    if (name === "synthetic") return await synthetic(options);
    const { checks, source } = await obtain(name, options);
    return fromFiles(catalog[name], checks, source, options);
  } catch (error) {
    if (!standsIn(name, options, error)) throw error;
    return await synthetic(options);
  } finally {
    forgetReadAhead();
  }
}

export interface DatasetReport {
  dataset: DatasetName;
  /** undefined: neither in the data directory nor in the cache. */
  location?: Location;
  /** Empty where nothing was found. */
  checks: readonly Check[];
  /** All four files are there and have the right content. */
  verified: boolean;
}

/** Reads and checks what is on the disk; changes and fetches nothing. @throws UserError where --data-dir is no folder */
export async function inspectDataset(name: DatasetName, options: { dataDir?: string }): Promise<DatasetReport> {
  for (const location of [findInData(name, options), findInCache(name)]) {
    if (!location || location.files.size === 0) continue;
    const checks = await checkFiles(catalog[name], location);
    if (belongsToAnother(name, location, checks)) continue;
    return { dataset: name, location, checks, verified: checks.every(({ problem }) => !problem) };
  }
  return { dataset: name, checks: [], verified: false };
}

/** A file in the data directory is missing or not what it should be: the user's to mend, nothing stands in for it. */
class WrongFileError extends UserError {}

function standsIn(name: DatasetName, options: DatasetOptions, error: unknown): boolean {
  const lacking = error instanceof UserError && !(error instanceof WrongFileError) && error.exitCode === 1;
  if (options.explicit || name === "synthetic" || !lacking) return false;
  options.onNotice?.(`Using synthetic digits, because ${catalog[name].title} is not at hand: ${error.message}`);
  return true;
}

function findInData(name: DatasetName, options: { dataDir?: string; onNotice?(message: string): void }): Location | undefined {
  const data = dataDirectory(options.dataDir);
  const { folders, title, files } = catalog[name];
  if (!data || folders.length === 0) return undefined;
  try {
    const location = findInDirectory(name, data.directory);
    if (!location)
      options.onNotice?.(
        `${title} is not in ${data.directory} (${data.origin}): looked for ${files.trainImages.name}[.gz] and the other three there and ` +
          `in its folders ${folders.slice(0, -1).join(" and ")}; going on to the cache and the network.`,
      );
    return location;
  } catch (error) {
    if (data.origin === "--data-dir" || !(error instanceof UserError)) throw error;
    options.onNotice?.(`MNIST_TUI_DATA names ${data.directory}, which is no folder; going on to the cache and the network for ${title}.`);
    return undefined;
  }
}

/** All datasets name their files alike, so what lies in DIR itself can be told apart by content only. */
function belongsToAnother(name: DatasetName, location: Location, checks: readonly Check[]): boolean {
  if (!location.shared) return false;
  return Object.values(catalog).some(
    (other) => other.name !== name && filesOf(other).some(({ sha256 }, i) => checks[i].present && sha256 === checks[i].digest),
  );
}

async function obtain(name: DatasetName, options: DatasetOptions): Promise<{ checks: readonly Check[]; source: string }> {
  const entry = catalog[name];
  const data = findInData(name, options);
  if (data) {
    const checks = await checkFiles(entry, data).catch((error) => {
      throw error instanceof UserError ? new WrongFileError(error.message) : error;
    });
    if (!belongsToAnother(name, data, checks)) {
      const wrong = checks.find(({ problem }) => problem);
      if (!wrong) return { checks, source: data.directory };
      throw new WrongFileError(
        `${wrong.path}: ${wrong.problem}; put the original ${wrong.file.name}.gz there, or leave that folder out to download it.`,
      );
    }
    options.onNotice?.(`${data.directory} holds another dataset than ${entry.title}; going on to the cache and the network.`);
  }
  const cache = findInCache(name);
  const checks = await checkFiles(entry, cache);
  const wrong = checks.filter(({ problem }) => problem);
  if (wrong.length === 0) return { checks, source: cache.directory };
  for (const { path, problem, present } of wrong) if (present) options.onNotice?.(`${path}: ${problem}; fetching it again.`);
  const files = wrong.map(({ file }) => file);
  const fetchInto = async (directory: string) => {
    for (const [file, path] of await downloadFiles(entry, files, directory, options)) cache.files.set(file, path);
    const mended = checks.map((check) => (check.problem ? checkFile(check.file, cache) : check));
    return { checks: await Promise.all(mended), source: cache.directory };
  };
  try {
    return await fetchInto(cache.directory);
  } catch (error) {
    if (!(error instanceof UnwritableError) || options.store === "required") throw error;
    options.onNotice?.(`${error.message.replace(/\.$/, "")}. ${entry.title} is downloaded for this time only.`);
    const folder = await mkdtemp(path.join(tmpdir(), "mnist-tui-download-"));
    try {
      return { ...(await fetchInto(folder)), source: "downloaded" };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function fromFiles(entry: DatasetEntry, checks: readonly Check[], source: string, options: DatasetOptions): Dataset {
  const [trainImages, trainLabels, testImages, testLabels] = checks.map(
    ({ path, bytes, file }) => parseIdx(bytes, path, { dimensions: file.dimensions }).data,
  );
  return assemble(entry, { images: trainImages, labels: trainLabels }, { images: testImages, labels: testLabels }, source, options);
}

async function synthetic(options: DatasetOptions): Promise<Dataset> {
  const { train, test, source } = await obtainSynthetic(options);
  return assemble(catalog.synthetic, train, test, source, options);
}

function assemble(entry: DatasetEntry, train: Split, test: Split, source: string, options: DatasetOptions): Dataset {
  return {
    name: entry.name,
    train: limited(train, options.limitTrain),
    test: limited(test, options.limitTest),
    classNames: entry.classNames,
    normalization: entry.normalization,
    digest: sha256(
      filesOf(entry)
        .map(({ sha256 }) => sha256)
        .join(""),
    ),
    source,
  };
}

/** @returns the first `limit` samples, copied so that the others do not stay in memory; all where there are no more */
function limited({ images, labels }: Split, limit: number | undefined): Split {
  if (limit === undefined || limit >= labels.length) return { images, labels };
  return { images: images.slice(0, limit * imagePixels), labels: labels.slice(0, limit) };
}
