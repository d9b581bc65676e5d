import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deserialize, serialize } from "node:v8";
import { inject } from "vitest";

/**
 * Shares the reference engine's results among the engines' suites, which all compare with the same ones: the first test file that needs a result
 * computes it and keeps it for the others until the end of the test run. A file that needs it meanwhile waits.
 * @param question unique name of the computation in the test run @returns a copy of the result, which holds only data
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
    /** Folder of the results of one test run. */
    answers: string;
  }
}
