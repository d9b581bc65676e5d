import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { catalog, filesOf } from "../../dist/data/catalog.js";
import { inspectDataset, loadDataset } from "../../dist/data/datasets.js";
import type { DownloadProgress } from "../../dist/data/download.js";
import { encodeIdx, sha256 } from "../../dist/data/idx.js";
import { cosine, sine } from "../../dist/data/synthetic/draws.js";
import { generateDigit } from "../../dist/data/synthetic/generate.js";
import { generate } from "../../dist/data/synthetic/store.js";

let cache: string;

beforeEach(() => {
  cache = mkdtempSync(path.join(tmpdir(), "mnist-tui-test-"));
  vi.stubEnv("MNIST_TUI_CACHE", cache);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

function digit(seed: number, split: 0 | 1, image: number): { label: number; pixels: Uint8Array } {
  const pixels = new Uint8Array(784);
  return { label: generateDigit(seed, split, image, pixels), pixels };
}

describe("generateDigit", () => {
  it("is a pure function of seed, split and number", () => {
    const first = digit(3, 0, 17);
    digit(3, 0, 18);
    expect(digit(3, 0, 17)).toEqual(first);
    expect(digit(3, 0, 18).pixels).not.toEqual(first.pixels);
    expect(digit(3, 1, 17).pixels).not.toEqual(first.pixels);
    expect(digit(4, 0, 17).pixels).not.toEqual(first.pixels);
  });

  it("overwrites the output's former content", () => {
    const pixels = new Uint8Array(784).fill(77);
    generateDigit(0, 0, 5, pixels);
    expect(pixels).toEqual(digit(0, 0, 5).pixels);
  });

  it("makes digits as MNIST has them: within 20×20, centred by mass in pixel (14, 14), with at least one pixel of full ink", () => {
    for (let i = 0; i < 3000; i++) {
      const { pixels } = digit(0, 0, i);
      let [mass, x, y] = [0, 0, 0];
      let [left, right, top, bottom] = [28, -1, 28, -1];
      pixels.forEach((value, at) => {
        const [column, row] = [at % 28, Math.floor(at / 28)];
        mass += value;
        x += value * column;
        y += value * row;
        // Half ink is inside the stroke; the soft edge may reach a pixel further.
        if (value < 128) return;
        [left, right, top, bottom] = [Math.min(left, column), Math.max(right, column), Math.min(top, row), Math.max(bottom, row)];
      });
      expect(Math.abs(x / mass - 14)).toBeLessThan(0.55);
      expect(Math.abs(y / mass - 14)).toBeLessThan(0.55);
      expect(Math.max(right - left, bottom - top) + 1).toBeLessThanOrEqual(22);
      expect(Math.max(right - left, bottom - top) + 1).toBeGreaterThanOrEqual(15);
      expect(Math.max(...pixels)).toBeGreaterThan(150);
      expect(mass / 255).toBeGreaterThan(15);
      expect(mass / 255).toBeLessThan(330);
    }
  });
});

describe("the synthetic set", () => {
  const progress: DownloadProgress[] = [];
  const options = { explicit: true, onProgress: (step: DownloadProgress) => progress.push(step) };

  it("is the same on every machine, is kept in the cache, and is replaced where the cache is damaged", async () => {
    const whole = await loadDataset("synthetic", options);
    const { train, test } = whole;
    const contents = [train.images, train.labels, test.images, test.labels];
    const files = filesOf(catalog.synthetic);
    expect(files.map(({ dimensions }, i) => sha256(encodeIdx(dimensions, contents[i])))).toEqual(files.map(({ sha256 }) => sha256));
    expect(progress.at(-1)).toEqual({ file: "synthetic digits", received: 70_000, total: 70_000, unit: "digits" });

    // Every digit occurs about as often as any other.
    const counts = new Array(10).fill(0);
    for (const label of train.labels) counts[label]++;
    expect(Math.min(...counts)).toBeGreaterThan(5700);
    expect(Math.max(...counts)).toBeLessThan(6300);

    const directory = path.join(cache, "synthetic");
    expect(readdirSync(directory).sort()).toEqual(files.map(({ name }) => name).sort());
    expect((await inspectDataset("synthetic", {})).verified).toBe(true);
    progress.length = 0;
    const cached = await loadDataset("synthetic", { ...options, limitTrain: 5_000 });
    expect(progress).toEqual([]);
    expect(cached.source).toBe(directory);
    expect(cached.digest).toBe(whole.digest);
    expect(Buffer.compare(cached.train.images, train.images.subarray(0, 5_000 * 784))).toBe(0);

    const damaged = path.join(directory, files[2].name);
    writeFileSync(damaged, readFileSync(damaged).subarray(0, 100_000));
    expect(Buffer.compare((await loadDataset("synthetic", options)).test.images, test.images)).toBe(0);
    expect((await inspectDataset("synthetic", {})).verified).toBe(true);
  });

  it("makes only as many digits as asked for, the same ones as in the whole set", async () => {
    const { train, test, name } = await loadDataset("synthetic", { explicit: true, limitTrain: 30, limitTest: 7 });
    expect([name, train.labels.length, train.images.length, test.labels.length]).toEqual(["synthetic", 30, 30 * 784, 7]);
    expect(train.images.subarray(12 * 784, 13 * 784)).toEqual(digit(0, 0, 12).pixels);
    expect(test.labels[6]).toBe(digit(0, 1, 6).label);
    expect(readdirSync(cache)).toEqual([]);
  });

  it("stops when it is aborted", async () => {
    const abort = new AbortController();
    const reason = new Error("stopped");
    const load = generate(60_000, 10_000, { signal: abort.signal, onProgress: () => abort.abort(reason) });
    await expect(load).rejects.toBe(reason);
  });

  it("is used without a cache where the cache cannot be written", async () => {
    writeFileSync(path.join(cache, "synthetic"), "a file where the folder should be");
    const notices: string[] = [];
    const dataset = await loadDataset("synthetic", { ...options, onNotice: (message) => notices.push(message) });
    expect(dataset.train.labels).toHaveLength(60_000);
    expect(notices).toEqual([expect.stringMatching(/could not be kept/)]);
  });
});

describe("sine and cosine", () => {
  it("agree with the exact ones over several turns", () => {
    for (let turns = -2; turns <= 2; turns += 0.0173) {
      expect(Math.abs(sine(turns) - Math.sin(2 * Math.PI * turns))).toBeLessThan(5e-6);
      expect(Math.abs(cosine(turns) - Math.cos(2 * Math.PI * turns))).toBeLessThan(5e-6);
    }
  });
});
