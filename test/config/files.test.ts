import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readOptions } from "../../dist/config/files.js";
import { optimizerNames } from "../../dist/model/optimizers.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mnist-tui-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string): string {
  const path = join(folder, "options.json");
  writeFileSync(path, content);
  return path;
}

test("a byte order mark, as some editors write it, is skipped", () => {
  expect(readOptions(file(`\uFEFF{"epochs": 1}`)).options).toEqual({ epochs: 1 });
});

test("a file's keys are the long flags in camelCase", () => {
  const content = {
    description: "for people",
    compare: ["simple", "pyramid:lr=0.01"],
    batchSize: 64,
    kernels: [8, 16],
    limitTrain: 1000,
    earlyStop: 3,
    augment: "rotate=5",
    json: true,
  };
  expect(readOptions(file(JSON.stringify(content))).options).toEqual({
    compare: "simple,pyramid:lr=0.01",
    batchSize: 64,
    kernels: [8, 16],
    limitTrain: 1000,
    earlyStop: 3,
    augment: { rotate: 5, shift: 0, scale: 0 },
    json: true,
  });
});

test.each([
  ['{"batch-size": 64}', "allowed are compare, model, dataset"],
  ['{"epochs": "5"}', "epochs in"],
  ['{"epochs": 0}', "a whole number from 1 to 100000, got 0"],
  ['{"optimizer": "lion"}', `expects one of ${optimizerNames.join(", ")}, got "lion"`],
  ['{"augment": "spin=1"}', "rotate, crop, shift, scale"],
  ['{"threads": 1.5}', "threads in"],
  ['{"config": "seed-003"}', 'Unknown key "config"'],
  ["[1]", "must hold a JSON object"],
  ["{", "as JSON"],
])("%s is refused with a sentence", (content, part) => {
  expect(() => readOptions(file(content))).toThrow(expect.objectContaining({ exitCode: 2, message: expect.stringContaining(part) }));
});

test.each(["nowhere.json", "00", "seed-00", "recipes/003"])("%s is neither a file nor one recipe: the error lists the recipes", (path) => {
  expect(() => readOptions(path)).toThrow(/seed-000-simple, seed-001-vgg, /);
});
