import { randomFillSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { loadDataset } from "../../dist/data/datasets.js";
import { readSharedDataset, shareDataset, unshareDataset } from "../../dist/train/shared-dataset.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "mnist-tui-test-"));
  vi.stubEnv("TMPDIR", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it.each(["", "named in TMPDIR"])("a dataset reaches its readers whole, and leaves nothing behind (%s)", async (named) => {
  if (!named) vi.stubEnv("TMPDIR", "");
  const dataset = await loadDataset("synthetic", { explicit: true, limitTrain: 30, limitTest: 20 });
  const shared = await shareDataset(dataset);
  const train = { images: new Uint8Array(30 * 784), labels: new Uint8Array(30) };
  const test = await readSharedDataset(shared, train);
  expect(train).toEqual(dataset.train);
  expect(test).toEqual(dataset.test);
  expect(shared.file.startsWith(folder)).toBe(named !== "");
  await unshareDataset(shared);
  expect(existsSync(path.dirname(shared.file))).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});

it("a dataset that is read in several pieces is whole, too", async () => {
  const small = await loadDataset("synthetic", { explicit: true, limitTrain: 1, limitTest: 20 });
  const images = randomFillSync(new Uint8Array(40_000 * 784));
  const shared = await shareDataset({ ...small, train: { images, labels: randomFillSync(new Uint8Array(40_000)) } });
  const train = { images: new Uint8Array(40_000 * 784), labels: new Uint8Array(40_000) };
  expect(await readSharedDataset(shared, train)).toEqual(small.test);
  expect(Buffer.compare(train.images, images)).toBe(0);
  truncateSync(shared.file, 40_000 * 784);
  await expect(readSharedDataset(shared, train)).rejects.toThrow("is shorter than its 40000 and 20 samples");
  await unshareDataset(shared);
});

it("a run removes the folders that a killed run has left; folders that may be in use and folders of other programs stay", async () => {
  const old = new Date(Date.now() - 2 * 3600 * 1000);
  for (const [name, time] of [
    ["mnist-tui-dataset-killed", old],
    ["mnist-tui-dataset-new", new Date()],
    ["others", old],
  ] as const) {
    mkdirSync(path.join(folder, name));
    writeFileSync(path.join(folder, name, "dataset"), "x");
    utimesSync(path.join(folder, name), time, time);
  }
  await unshareDataset(await shareDataset(await loadDataset("synthetic", { explicit: true, limitTrain: 1, limitTest: 1 })));
  expect(readdirSync(folder).sort()).toEqual(["mnist-tui-dataset-new", "others"]);
});
