import { catalog, filesOf } from "./catalog.js";
import { type Content, readContent } from "./idx.js";
import { dataDirectory, findInCache, findInDirectory } from "./locate.js";

/** Files whose reading has begun before a loader has asked for them, by path. */
const begun = new Map<string, Promise<Content>>();

/**
 * Begins to read and decompress a dataset that will probably be loaded: 0.1 to 0.2 s on other threads, in which the caller can load
 * its code. Never throws; loadDataset reports files that are wrong.
 * @param name as the user wrote it @param dataDir --data-dir, if it was given
 */
export function readDatasetAhead(name: string, dataDir: string | undefined): void {
  const entry = Object.values(catalog).find((known) => known.name === name);
  if (!entry) return;
  try {
    const data = dataDirectory(dataDir);
    const { files } = (data && findInDirectory(entry.name, data)[0]) ?? findInCache(entry.name);
    for (const file of filesOf(entry)) {
      const [path] = files.get(file.name) ?? [];
      if (path !== undefined) begun.set(path, readContent(path, file.bytes + 1));
    }
  } catch {
    // A --data-dir that is no folder.
  }
}

/** readContent; the first call for a file that was read ahead gets that content. */
export function takeContent(path: string, limit: number): Promise<Content> {
  const ahead = begun.get(path);
  begun.delete(path);
  return ahead ?? readContent(path, limit);
}

/** Frees the contents that no loader has taken. */
export function forgetReadAhead(): void {
  begun.clear();
}
