import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deserialize, serialize } from "node:v8";
import { inject } from "vitest";

/**
 * What the reference engine answers to a question is the same for every engine that is asked it: it is worked out by whichever file comes
 * first, and kept for the others until the end of the test run. A file that comes second meanwhile waits.
 * @param question names the computation among all of the test run's @returns a copy, of data alone
 */
export async function once<T>(question: string, compute: () => T | Promise<T>): Promise<T> {
  const file = join(inject("answers"), createHash("sha256").update(question).digest("hex"));
  const claim = `${file}.claim`;
  while (!existsSync(file)) {
    if (!claimed(claim)) {
      await sleep(20);
      continue;
    }
    try {
      writeFileSync(`${claim}.answer`, serialize(await compute()));
      renameSync(`${claim}.answer`, file);
    } finally {
      rmSync(claim);
    }
  }
  return deserialize(readFileSync(file)) as T;
}

function claimed(file: string): boolean {
  try {
    closeSync(openSync(file, "wx"));
    return true;
  } catch {
    return false;
  }
}

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the answers of one test run. */
    answers: string;
  }
}
