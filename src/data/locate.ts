import { existsSync, statSync } from "node:fs";
import path from "node:path";
import type { DatasetName } from "../config/types.js";
import { cacheDirectory } from "../util/cache-directory.js";
import { UserError } from "../util/errors.js";
import { catalog, type DatasetFile, filesOf } from "./catalog.js";

/** A folder that holds files of a dataset. Those of the cache may be replaced; all others belong to the user and are only read. */
export interface Location {
  kind: "directory" | "cache";
  directory: string;
  /** The folder's name tells no dataset: the files of another dataset may lie there under the same names. */
  shared: boolean;
  /** Paths of the files that are present, by DatasetFile.name. */
  files: Map<string, string>;
}

/** @returns the data directory: --data-dir, else MNIST_TUI_DATA; undefined where neither is given */
export function dataDirectory(option: string | undefined): { directory: string; origin: "--data-dir" | "MNIST_TUI_DATA" } | undefined {
  if (option !== undefined) return { directory: path.resolve(option), origin: "--data-dir" };
  const variable = process.env.MNIST_TUI_DATA;
  return variable ? { directory: path.resolve(variable), origin: "MNIST_TUI_DATA" } : undefined;
}

/** A file's names: the mirrors', and the one with a dot that some archives use; each also gzipped. */
function spellings(file: DatasetFile): string[] {
  const dotted = file.name.replace("-idx", ".idx");
  return [file.name, `${file.name}.gz`, dotted, `${dotted}.gz`];
}

function filesIn(name: DatasetName, directory: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of filesOf(catalog[name])) {
    const spelling = spellings(file).find((candidate) => existsSync(path.join(directory, candidate)));
    if (spelling) found.set(file.name, path.join(directory, spelling));
  }
  return found;
}

/**
 * Looks below a data directory: DIR/mnist, torchvision's DIR/MNIST/raw, DIR itself; the first that holds any of the four files.
 * @throws UserError where `directory` is no folder
 */
export function findInDirectory(name: DatasetName, directory: string): Location | undefined {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`--data-dir: expected a folder, got ${directory}, which is none; name one that exists or leave the option out.`, 2);
  for (const folder of catalog[name].folders) {
    const inside = path.join(directory, folder);
    const files = filesIn(name, inside);
    if (files.size > 0) return { kind: "directory", directory: inside, shared: folder === ".", files };
  }
  return undefined;
}

/** @returns the dataset's folder in the cache, which may be absent or empty */
export function findInCache(name: DatasetName): Location {
  const directory = path.join(cacheDirectory(), name);
  return { kind: "cache", directory, shared: false, files: filesIn(name, directory) };
}
