import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";

/** What a user names as pictures: files, folders of them, patterns that the shell left alone. */

export const pictureKinds = "PNG, JPEG, WebP, GIF, TIFF, BMP or AVIF";
const pictureNames = /\.(png|jpe?g|jpe|jfif|webp|gif|tiff?|bmp|avif|heic|heif)$/i;

/**
 * @returns the files that a name stands for: those of a folder or pattern in the order of their names. "-" and a name that is not there are left as they are.
 * @throws UserError where a folder holds no picture, or a pattern fits none
 */
export async function pictureFiles(name: string): Promise<string[]> {
  if (name === "-") return [name];
  if (await exists(name)) return (await isFolder(name)) ? picturesIn(name) : [name];
  if (!/[*?[]/.test(name)) return [name];
  const found = await matching(name);
  if (found.length === 0)
    throw new UserError(`No file fits ${name}; expected the names of pictures, a folder, or a pattern such as 'photos/*.jpg'.`);
  return found;
}

async function picturesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory() && pictureNames.test(entry.name)).map(({ name }) => name);
  if (names.length === 0) throw new UserError(`The folder ${folder} holds no picture; expected ${pictureKinds} files in it.`);
  return names.sort(byName).map((name) => join(folder, name));
}

/** Patterns as shells have them: * and ? within a name, [a-z], and ** for any number of folders. */
async function matching(pattern: string): Promise<string[]> {
  const segments = pattern.split("/");
  let places = segments[0] === "" ? ["/"] : [""];
  for (const [i, segment] of segments.entries()) {
    if (segment === "") continue;
    const last = i === segments.length - 1;
    const next: string[] = [];
    for (const place of places) {
      if (segment === "**") next.push(...(await foldersUnder(place)));
      else if (!/[*?[]/.test(segment)) next.push(join(place, segment));
      else {
        const fits = expressionOf(segment);
        const entries = await readdir(place || ".", { withFileTypes: true }).catch(() => []);
        for (const { name } of entries.sort((one, other) => byName(one.name, other.name)))
          if (fits.test(name) && (segment.startsWith(".") || !name.startsWith("."))) next.push(join(place, name));
      }
    }
    places = [];
    for (const place of next) if ((await exists(place)) && (last ? !(await isFolder(place)) : await isFolder(place))) places.push(place);
  }
  return places;
}

async function foldersUnder(place: string): Promise<string[]> {
  const entries = await readdir(place || ".", { withFileTypes: true }).catch(() => []);
  const inner = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => join(place, name));
  return [place || ".", ...(await Promise.all(inner.sort(byName).map(foldersUnder))).flat()];
}

function expressionOf(segment: string): RegExp {
  const source = segment.replaceAll(/\[[^\]]+\]|[*?]|[^*?[]|\[/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    return part.length > 2 && part.startsWith("[")
      ? `[${part.slice(1, -1).replace(/^!/, "^").replaceAll("\\", "\\\\")}]`
      : part.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${source}$`);
}

/** 2.png before 10.png. */
function byName(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory();
}
