import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

/** Makes the folder for the answers of once.ts before a test run, and removes it afterwards. */
export default function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "mnist-tui-answers-"));
  provide("answers", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
