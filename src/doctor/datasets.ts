import { type DatasetName, datasetNames } from "../config/names.js";
import { catalog, filesOf } from "../data/catalog.js";
import { dataDirectory, findInCache, findInDirectory } from "../data/locate.js";

export interface DatasetPlace {
  name: DatasetName;
  /** Where its files lie; undefined: they would be downloaded or generated. */
  folder?: string;
  /** Of its four files. */
  files: number;
}

/** Looks where training would look; `mnist-tui data` also verifies what lies there. */
export function locateDatasets(): DatasetPlace[] {
  return datasetNames.map((name) => {
    const given = dataDirectory(undefined);
    let location = findInCache(name);
    try {
      location = (given && findInDirectory(name, given.directory)) ?? location;
    } catch {
      // MNIST_TUI_DATA names no folder: training says so.
    }
    return {
      name,
      folder: location.files.size > 0 ? location.directory : undefined,
      files: Math.min(location.files.size, filesOf(catalog[name]).length),
    };
  });
}
