import { catalog, filesOf } from "./catalog.js";
import { type Content, readContent } from "./idx.js";
import { dataDirectory, findInCache, findInDirectory } from "./locate.js";

/** By path: files whose content is on its way before it is known whether they are wanted. */
const begun = new Map<string, Promise<Content>>();

/**
 * Begins to read and unpack a dataset that will probably be loaded. That takes a tenth to a fifth of a second on threads of its own,
 * time in which the caller can load its code. Never throws; what is wrong with the files is loadDataset's to say.
 * @param name as the user wrote it @param dataDir --data-dir, if it was given
 */
export function readDatasetAhead(name: string, dataDir: string | undefined): void {
  const entry = Object.values(catalog).find((known) => known.name === name);
  if (!entry) return;
  try {
    const data = dataDirectory(dataDir);
    const { files } = (data && findInDirectory(entry.name, data.directory)) ?? findInCache(entry.name);
    for (const file of filesOf(entry)) {
      const path = files.get(file.name);
      if (path === undefined) continue;
      const content = readContent(path, file.bytes + 1);
      content.catch(() => {});
      begun.set(path, content);
    }
  } catch {
    // A --data-dir that is no folder.
  }
}

/** A file's content, as readContent gives it; what was read ahead is handed out once. */
export function takeContent(path: string, limit: number): Promise<Content> {
  const ahead = begun.get(path);
  begun.delete(path);
  return ahead ?? readContent(path, limit);
}

/** Lets go of what was read ahead and not wanted. */
export function forgetReadAhead(): void {
  begun.clear();
}
