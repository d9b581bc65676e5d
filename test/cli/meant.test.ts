import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run, temporaryFolder } from "./program.js";

test.each<[string, string[], string]>([
  ["a command", ["trian"], "(did you mean mnist-tui train?)"],
  ["a model in a command's place", ["simpel"], "(did you mean mnist-tui train --model simple?)"],
  ["a command of a command", ["tensorflow", "lnk"], "choose from link, unlink (did you mean link?)"],
  ["an option", ["train", "--epoch", "3"], "(did you mean --epochs?); see mnist-tui train --help"],
  ["an option with its value", ["train", "--modle=simple"], "unknown option '--modle';"],
  ["an option in its plural", ["train", "--models", "simple"], "(did you mean --model?)"],
  ["an option by its name in run.json", ["train", "--learning-rate", "1"], "(did you mean --lr?)"],
  ["an option before its command", ["--epoch", "3"], "(did you mean mnist-tui train --epochs?)"],
  [
    "an option of a command without any",
    ["tensorflow", "unlink", "--hlep"],
    "(did you mean --help?); see mnist-tui tensorflow unlink --help",
  ],
  ["an option of bench", ["bench", "--batc", "3"], "(did you mean --batch?)"],
  ["a model", ["train", "--compare", "simple,residaul"], "(did you mean residual?)"],
  ["a model of a summary", ["summary", "pyramide"], "(did you mean pyramid?)"],
  ["a dataset", ["train", "--dataset", "fashion"], "(did you mean fashion-mnist?)"],
  ["a dataset of data", ["data", "mnsit"], "(did you mean mnist?)"],
  ["an engine of predict", ["predict", "--engine", "nativ", "x.png"], "--engine expects one of auto, native, wasm, reference, cuda"],
  ["a key of an entry", ["train", "--compare", "simple:epoch=3"], "(did you mean epochs?)"],
  ["an augmentation", ["train", "--augment", "rotat=5"], "(did you mean rotate?)"],
  ["a recipe", ["train", "--config", "sed-003"], "(did you mean seed-003?)"],
])("%s that is mistyped: the right name ends the sentence", async (_, args, hint) => {
  const { code, stdout, stderr } = await run(args, { cwd: temporaryFolder() });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(hint);
  expect(stderr).toMatch(/^mnist-tui: .*\(did you mean [^?]+\?\).*\.\n$/);
});

test("a mistyped key of a file and a mistyped run are met with the right name", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "mine.json"), '{"batch-size": 64}');
  const key = await run(["train", "--config", "mine.json"], { cwd: folder });
  expect([key.code, key.stderr]).toEqual([2, expect.stringMatching(/http \(did you mean batchSize\?\)\.\n$/)]);
  mkdirSync(join(folder, "checkpoints", "name"), { recursive: true });
  const config = { run: "name", models: [{ name: "simple", preset: "simple" }] };
  const record = { config, datasetDigest: "", versions: {}, device: "", engine: "", created: "2026-11-27T00:00:00.000Z" };
  writeFileSync(join(folder, "checkpoints", "name", "run.json"), JSON.stringify(record));
  const resumed = await run(["train", "--resume", "nmae"], { cwd: folder });
  expect([resumed.code, resumed.stderr]).toEqual([1, expect.stringMatching(/choose one of name \(did you mean name\?\)\.\n$/)]);
  const shown = await run(["runs", "name"], { cwd: folder });
  expect([shown.code, shown.stderr]).toEqual([2, expect.stringMatching(/got name; type mnist-tui runs show name\.\n$/)]);
});

test.each<[string[], string]>([
  [["train", "simple"], "train --model simple"],
  [["train", "simpel", "--epochs", "3"], "train --model simple"],
  [["train", "--compare", "simple", "residual"], "train --compare simple,residual"],
  [["train", "--compare", "simple,", "residual,vgg"], "train --compare simple,residual,vgg"],
  [["train", "--model", "simple", "deep:lr=0.1"], "train --compare simple,deep:lr=0.1"],
  [["train", "fashion-mnist"], "train --dataset fashion-mnist"],
  [["train", "mine.json"], "train --config mine.json"],
  [["bench", "simple", "residual"], "bench --models simple,residual"],
])("%j: the options to type are named", async (args, meant) => {
  const { code, stdout, stderr } = await run(args, { cwd: temporaryFolder() });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^mnist-tui: (train|bench) expects options, got .*\.\n$/);
  expect(stderr.endsWith(`; type mnist-tui ${meant}.\n`)).toBe(true);
});

test.each([["version"], ["-v"], ["-V"], ["--version"]])("%s prints the version", async (word) => {
  expect(await run([word])).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test.each([
  [["train", "--epochs"], "--epochs expects a whole number from 1 to 100000, got no value"],
  [["train", "--warmup", "-1"], "--warmup expects a number of epochs from 0 to 100000"],
  [["train", "--optimizer"], "--optimizer expects one of adam, sgd, rmsprop, got no value"],
])("%j: the range is named", async (args, sentence) => {
  const { code, stderr } = await run(args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
});
