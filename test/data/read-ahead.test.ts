import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { catalog } from "../../dist/data/catalog.js";
import { loadDataset } from "../../dist/data/datasets.js";
import { readDatasetAhead } from "../../dist/data/read-ahead.js";
import { names, realData } from "./real.js";

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(path.join(tmpdir(), "mnist-tui-test-"));
  vi.stubEnv("MNIST_TUI_CACHE", path.join(scratch, "cache"));
  vi.stubEnv("MNIST_TUI_DATA", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true });
});

describe.skipIf(!realData)("a dataset that is read ahead", () => {
  const labels = () => path.join(scratch, `${names[1]}.gz`);
  const load = () => loadDataset("mnist", { dataDir: scratch, explicit: true, limitTrain: 3, limitTest: 3 });
  beforeEach(() => {
    for (const name of names) copyFileSync(path.join(realData!, "mnist", `${name}.gz`), path.join(scratch, `${name}.gz`));
  });

  it("is used the next time that it is loaded, and not later", async () => {
    readDatasetAhead("mnist", scratch);
    writeFileSync(labels(), "something else");
    const { train } = await load();
    expect([...train.labels]).toEqual([5, 0, 4]);
    await expect(load()).rejects.toThrow("expected SHA-256");
  });

  it("is freed where another dataset is loaded", async () => {
    readDatasetAhead("mnist", scratch);
    await loadDataset("synthetic", { explicit: true, limitTrain: 1, limitTest: 1 });
    writeFileSync(labels(), "something else");
    await expect(load()).rejects.toThrow("expected SHA-256");
  });

  it("is verified as if it had not been read ahead", async () => {
    writeFileSync(labels(), "something else");
    readDatasetAhead("mnist", scratch);
    await expect(load()).rejects.toThrow(catalog.mnist.files.trainLabels.sha256);
  });
});

it("reading ahead never throws: loading reports the error", () => {
  writeFileSync(path.join(scratch, "file"), "");
  readDatasetAhead("mnist", path.join(scratch, "file"));
  readDatasetAhead("mnist", path.join(scratch, "nowhere"));
  readDatasetAhead("no-such-dataset", undefined);
  readDatasetAhead("mnist", undefined);
});
