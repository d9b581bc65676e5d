import { type DatasetName, datasetNames } from "../config/names.js";
import { dataDirectory, findInCache, findInDirectory } from "../data/locate.js";

export interface DatasetPlace {
  name: DatasetName;
  /** The folder of its files; undefined: they would be downloaded or generated. */
  folder?: string;
  /** Number of its four files that are present. */
  files: number;
}

/** Searches the folders that training searches. It verifies no content; `mnist-tui data` does. */
export function locateDatasets(): DatasetPlace[] {
  return datasetNames.map((name) => {
    const given = dataDirectory(undefined);
    let location = findInCache(name);
    try {
      location = (given && findInDirectory(name, given)[0]) ?? location;
    } catch {
      // MNIST_TUI_DATA names no folder: training reports it.
    }
    return {
      name,
      folder: location.files.size > 0 ? location.directory : undefined,
      files: location.files.size,
    };
  });
}
