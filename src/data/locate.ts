import { statSync } from "node:fs";
import path from "node:path";
import type { DatasetName } from "../config/types.js";
import { errorCode, fileErrorReason } from "../util/atomic-write.js";
import { cacheDirectory } from "../util/cache-directory.js";
import { UserError } from "../util/errors.js";
import { catalog, type DatasetFile, filesOf } from "./catalog.js";

/** A folder that holds files of a dataset. Those of the cache may be replaced; all others belong to the user and are only read. */
export interface Location {
  kind: "directory" | "cache";
  directory: string;
  /** The folder's name tells no dataset: the files of another dataset may lie there under the same names. */
  shared: boolean;
  /** Paths of the files that are present, by DatasetFile.name; several where a file lies there in several forms, the preferred one first. */
  files: Map<string, readonly string[]>;
}

interface DataDirectory {
  directory: string;
  origin: "--data-dir" | "MNIST_TUI_DATA";
}

/** Folders below a data directory whose names tell no dataset: torchvision's raw/ where MNIST/ itself was named, and the directory. */
const sharedFolders = ["raw", "."];

/** @returns the data directory: --data-dir, else MNIST_TUI_DATA; undefined where neither is given */
export function dataDirectory(option: string | undefined): DataDirectory | undefined {
  if (option !== undefined) return { directory: path.resolve(option), origin: "--data-dir" };
  const variable = process.env.MNIST_TUI_DATA;
  return variable ? { directory: path.resolve(variable), origin: "MNIST_TUI_DATA" } : undefined;
}

/** A file's names: the mirrors', and the one with a dot that some archives use; each also gzipped. */
function spellings(file: DatasetFile): string[] {
  const dotted = file.name.replace("-idx", ".idx");
  return [file.name, dotted, `${file.name}.gz`, `${dotted}.gz`];
}

/** Some archives unpack a file into a folder of its name; such folders are searched too. */
function candidates(file: DatasetFile, directory: string): string[] {
  const paths = spellings(file).map((name) => path.join(directory, name));
  // Of a folder that cannot be searched: reading a file in it gives the reason.
  if (kindOf(`${directory}${path.sep}.`) === "file") return paths.slice(0, 1);
  const inside = paths
    .filter((place) => kindOf(place) === "folder")
    .flatMap((folder) => spellings(file).map((name) => path.join(folder, name)));
  return [...paths, ...inside].filter((place) => kindOf(place) === "file");
}

/** @returns "file" for everything that is no folder, also for a path that cannot be looked at: reading it then gives the reason */
function kindOf(place: string): "folder" | "file" | undefined {
  try {
    return statSync(place).isDirectory() ? "folder" : "file";
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "") ? undefined : "file";
  }
}

function locationOf(name: DatasetName, kind: Location["kind"], directory: string, shared: boolean): Location {
  const found = filesOf(catalog[name]).map((file) => [file.name, candidates(file, directory)] as const);
  return { kind, directory, shared, files: new Map(found.filter(([, paths]) => paths.length > 0)) };
}

/**
 * Looks below a data directory: in the folders named after the dataset, then in raw/ and in the directory itself.
 * @returns the folders that hold any of the four files, in that order; none for a dataset that is only generated
 * @throws UserError where the directory is no folder or cannot be searched
 */
export function findInDirectory(name: DatasetName, data: DataDirectory): Location[] {
  const { folders } = catalog[name];
  if (folders.length === 0) return [];
  const problem = folderProblem(data.directory);
  if (problem) {
    const expected = `${data.origin}: expected a folder, got ${data.directory} (${problem})`;
    throw new UserError(`${expected}; name a folder that holds the dataset, or leave it out.`, 2);
  }
  const locations = [...folders, ...sharedFolders].map((folder) =>
    locationOf(name, "directory", path.join(data.directory, folder), sharedFolders.includes(folder)),
  );
  return locations.filter(({ files }) => files.size > 0);
}

/** @returns why files in the folder cannot be found; undefined where they can */
function folderProblem(directory: string): string | undefined {
  try {
    if (!statSync(directory).isDirectory()) return "it is a file";
    // Fails where the folder may not be searched.
    statSync(`${directory}${path.sep}.`);
    return undefined;
  } catch (error) {
    return fileErrorReason(error) ?? (error as Error).message;
  }
}

/** @returns the dataset's folder in the cache, which may be absent or empty */
export function findInCache(name: DatasetName): Location {
  return locationOf(name, "cache", path.join(cacheDirectory(), name), false);
}
