import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelLines } from "../../dist/predict/description.js";
import { bestModel, findModels } from "../../dist/predict/models.js";
import { untrained } from "../serve/support.js";
import { program } from "./trained.js";

/** Which network answers. The pretrained one here reads 99 % of MNIST. */

let dir: string;
let runs: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-choice-"));
  runs = join(dir, "runs");
  await untrained(join(runs, "pretrained"), 1, 0.99);
  await createRun("worse", "2025-01-01", { simple: 0.98, deep: 0.97 });
  await createRun("begun", "2025-01-02", { simple: undefined });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** @param models test accuracies of their best checkpoints; undefined for a model that has none yet */
async function createRun(name: string, date: string, models: Record<string, number | undefined>, config: Record<string, unknown> = {}) {
  const { dataset = "mnist" } = config as { dataset?: string };
  const described = Object.keys(models).map((model) => ({ name: model, preset: "simple" }));
  const record = { datasetDigest: "", versions: {}, device: "", engine: "", created: `${date}T00:00:00.000Z` };
  await mkdir(join(runs, name), { recursive: true });
  await writeFile(
    join(runs, name, "run.json"),
    JSON.stringify({ ...record, config: { run: name, dataset, models: described, ...config } }),
  );
  for (const [model, accuracy] of Object.entries(models))
    if (accuracy !== undefined) await untrained(join(runs, name, model, "best"), 2, accuracy, "simple", dataset);
}

/** @returns the line that names the network which answers */
async function chosen(choice: { checkpoint?: string; dataset?: string } = {}): Promise<string> {
  return (await modelLines([await bestModel(await findModels({ checkpointDir: runs, ...choice }))]))[0];
}

describe("without --checkpoint", () => {
  it("the pretrained network answers where the newest run is worse, and the run is named", async () => {
    expect(await chosen()).toBe(
      "model: simple, pretrained, 99.00 % on mnist; the newest run has 98.00 % on mnist, choose it with --checkpoint worse",
    );
  });

  it("the best model of the newest run with a checkpoint answers where it is at least as good", async () => {
    await createRun("equal", "2025-01-03", { simple: 0.98, deep: 0.99 });
    expect(await chosen()).toBe("model: deep, best of run equal, 99.00 % on mnist; choose another with --checkpoint");
    await createRun("newer", "2025-01-04", { simple: 0.985 });
    expect(await chosen()).toMatch(/^model: simple, pretrained, .* --checkpoint newer$/);
  });

  it("a run of another dataset answers for that one alone", async () => {
    await createRun("clothes", "2025-01-05", { simple: 0.9 }, { dataset: "fashion-mnist" });
    expect(await chosen()).toMatch(/^model: simple, pretrained, /);
    expect(await chosen({ dataset: "fashion-mnist" })).toBe(
      "model: simple, best of run clothes, 90.00 % on fashion-mnist; choose another with --checkpoint",
    );
  });

  it("a run that was tested on some of the images is not compared", async () => {
    await createRun("few", "2025-01-06", { simple: 1 }, { limitTest: 200 });
    expect(await chosen()).toBe(
      "model: simple, pretrained, 99.00 % on mnist; the newest run has 100.00 % on mnist's first 200 test images, choose it with --checkpoint few",
    );
  });

  it("a dataset without any network: an error that says how to train one", async () => {
    await expect(chosen({ dataset: "synthetic" })).rejects.toThrow(
      /^There is no network trained on synthetic in .*: train one with mnist-tui train --dataset synthetic, or name one with --checkpoint\.$/,
    );
  });

  it("without any run the network that comes with the program answers", async () => {
    const [line] = await modelLines(await findModels({ checkpointDir: join(dir, "none") }));
    expect(line).toMatch(/^model: compact, pretrained, 99\.\d\d % on mnist; choose another with --checkpoint$/);
  });
});

describe("--checkpoint", () => {
  it.each([
    ["a run's name", "worse", "model: simple, best of run worse, 98.00 % on mnist"],
    ["RUN/MODEL", "worse/deep", "model: simple, worse/deep, 97.00 % on mnist"],
    ["RUN/MODEL/best", "worse/deep/best", "model: simple, worse/deep/best, 97.00 % on mnist"],
    ["pretrained", "pretrained", "model: simple, pretrained, 99.00 % on mnist"],
  ])("takes %s", async (_, checkpoint, line) => {
    expect(await chosen({ checkpoint })).toBe(line);
  });

  it("takes a path, which need not lie among the runs", async () => {
    for (const path of ["worse", "worse/simple", "worse/simple/best"])
      expect((await findModels({ checkpoint: join(runs, path), checkpointDir: join(dir, "none") }))[0].dir).toBe(
        join(runs, "worse/simple/best"),
      );
  });

  it("names that do not exist: the nearest ones", async () => {
    await expect(chosen({ checkpoint: "wrose" })).rejects.toThrow(/^wrose does not exist: expected .* in .* \(did you mean worse\?\)\.$/);
    await expect(chosen({ checkpoint: "worse/dep" })).rejects.toThrow(/ \(did you mean worse\/deep\?\)\.$/);
    await expect(chosen({ checkpoint: "xyzzy" })).rejects.toThrow(/; such as .*, pretrained\.$/);
    await expect(chosen({ checkpoint: "begun" })).rejects.toThrow(/^The run .*begun has no checkpoint yet; /);
  });

  it("of another dataset than --dataset names: wrong usage", async () => {
    await expect(chosen({ checkpoint: "worse", dataset: "fashion-mnist" })).rejects.toMatchObject({
      message: "--checkpoint worse was trained on mnist, not on fashion-mnist; leave --dataset out or name another.",
      exitCode: 2,
    });
  });
});

it("predict prints which network answers, and --json prints its folder", async () => {
  const file = join(dir, "one.png");
  const bar = Buffer.alloc(28 * 28);
  for (let y = 4; y < 24; y++) bar.fill(255, y * 28 + 13, y * 28 + 16);
  await sharp(bar, { raw: { width: 28, height: 28, channels: 1 } })
    .png()
    .toFile(file);
  const predict = (...args: string[]) => spawnSync(process.execPath, [program, "predict", file, ...args], { encoding: "utf8" }).stdout;
  const none = join(dir, "none");
  expect(predict("--checkpoint-dir", none).split("\n")[0]).toMatch(/^model: compact, pretrained, 99\.\d\d % on mnist; /);
  const { checkpoint, label } = JSON.parse(predict("--checkpoint-dir", none, "--json"));
  expect([label, checkpoint]).toEqual([1, expect.stringMatching(/pretrained$/)]);
  expect(predict("--checkpoint-dir", runs, "--checkpoint", "worse/deep").split("\n")[0]).toBe(
    "model: simple, worse/deep, 97.00 % on mnist",
  );
});
