import path from "node:path";
import { type DatasetEntry, type DatasetFile, filesOf } from "./catalog.js";
import { parseIdx, sha256 } from "./idx.js";
import type { Location } from "./locate.js";
import { takeContent } from "./read-ahead.js";

/** The result of verifying one file. */
export interface Check {
  file: DatasetFile;
  path: string;
  present: boolean;
  /** Decompressed; empty where the file is absent. */
  bytes: Uint8Array;
  /** SHA-256 of `bytes`; empty where the file is absent. */
  digest: string;
  /** "expected …, found …"; undefined: the file has the expected content. */
  problem?: string;
}

/**
 * Reads one file of the location and compares its content's digest with the catalog's. Of a file in several forms, as a half extracted
 * one beside its whole .gz, the first that has the right content is taken.
 * @param onNotice told where that is not the first form
 */
export async function checkFile(file: DatasetFile, location: Location, onNotice?: (message: string) => void): Promise<Check> {
  const [preferred, ...others] = location.files.get(file.name) ?? [];
  if (preferred === undefined) {
    const missing = path.join(location.directory, `${file.name}.gz`);
    return { file, path: missing, present: false, bytes: new Uint8Array(0), digest: "", problem: "expected this file, found none" };
  }
  const check = await checkPath(file, preferred);
  if (!check.problem || others.length === 0) return check;
  for (const place of others) {
    const other = await checkPath(file, place);
    if (other.problem) continue;
    onNotice?.(`${check.path}: ${check.problem}; using ${place}.`);
    return other;
  }
  const alsoWrong = others.map((place) => path.relative(location.directory, place)).join(", ");
  return { ...check, problem: `${check.problem}; the content of ${alsoWrong} is wrong too` };
}

async function checkPath(file: DatasetFile, place: string): Promise<Check> {
  const { bytes, damage, unreadable } = await takeContent(place, file.bytes + 1);
  const digest = sha256(bytes);
  const check = { file, path: place, present: true, bytes, digest };
  if (unreadable) return { ...check, problem: `expected a readable file, got ${unreadable}` };
  if (!damage && digest === file.sha256) return check;
  const size = bytes.length === file.bytes ? undefined : `${bytes.length} of ${file.bytes} bytes`;
  const details = [damage, size].filter(Boolean).join(", ");
  const problem = `expected SHA-256 ${file.sha256} of the decompressed content, found ${digest}${details && ` (${details})`}`;
  return { ...check, problem };
}

/** @returns [4] the results in the order of filesOf; the files are decompressed on several threads at once */
export function checkFiles(entry: DatasetEntry, location: Location, onNotice?: (message: string) => void): Promise<Check[]> {
  return Promise.all(filesOf(entry).map((file) => checkFile(file, location, onNotice)));
}

/** @param checks [4] as checkFiles gives them, without a problem @returns images uint8 [n × 784] and labels uint8 [n] of both splits */
export function splitsOf(checks: readonly Check[]) {
  const [trainImages, trainLabels, testImages, testLabels] = checks.map(
    ({ path, bytes, file }) => parseIdx(bytes, path, { dimensions: file.dimensions }).data,
  );
  return { train: { images: trainImages, labels: trainLabels }, test: { images: testImages, labels: testLabels } };
}
