import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { jsonLines, run, temporaryFolder, tiny } from "./program.js";

test("--json prints one event a line: every trained epoch, evaluated, with samples, checkpoints and an end", async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await run(["train", "--compare", "compact,simple", ...tiny, "--run", "both", "--json"], { cwd: folder });
  expect(code, stderr).toBe(0);
  const events = jsonLines(stdout);
  expect(events.every((event) => event.run === "both" && event.time > 1.6e12)).toBe(true);
  expect(events.find(({ type }) => type === "start")?.model).toBe("compact");
  for (const model of ["compact", "simple"]) {
    const own = events.filter((event) => event.model === model);
    const count = (type: string) => own.filter((event) => event.type === type).length;
    expect(own[0]).toMatchObject({ type: "start", step: 0, epochs: 2, batchSize: 16, stepsPerEpoch: 4, trainSamples: 64, testSamples: 32 });
    expect([count("eval"), count("epoch"), count("samples"), count("mistakes"), count("layers")]).toEqual([2, 2, 2, 2, 3]);
    expect(own.at(-1)).toMatchObject({ type: "done", reason: "completed", epoch: 2, step: 8 });
    const steps = own.filter(({ type }) => type === "step");
    expect(steps.at(-1)).toMatchObject({ epoch: 2, step: 8, learningRate: 0.001 });
    for (const step of steps) {
      for (const key of ["loss", "accuracy", "imagesPerSecond", "batchesPerSecond"]) expect(step[key]).toBeTypeOf("number");
    }
    const evaluation = own.find(({ type }) => type === "eval")!;
    const confusion = evaluation.confusion as number[][];
    expect(confusion.flat().reduce((sum, value) => sum + value, 0)).toBe(32);
    const right = confusion.reduce((sum, row, digit) => sum + row[digit], 0);
    expect(evaluation.testAccuracy).toBeCloseTo(right / 32, 12);
    const wrong = [...Buffer.from(evaluation.wrong as string, "base64")].map((byte) => byte.toString(2)).join("");
    expect([wrong.replaceAll("0", "").length, steps.at(-1)!.seconds]).toEqual([32 - right, own.at(-1)!.seconds]);
    expect((own.find(({ type }) => type === "samples")!.samples as unknown[]).length).toBe(10);
    const last = own.findLast((event) => event.type === "checkpoint" && event.kind === "last");
    expect(last).toMatchObject({ path: join("checkpoints", "both", model, "last"), step: 8 });
  }
});

test("a run's folder holds its record, and for each model its events, best and last checkpoint", async () => {
  const folder = temporaryFolder();
  const args = ["train", "--compare", "compact,compact:lr=0.01", ...tiny, "--seed", "9", "--run", "twice", "--checkpoint-dir", "here"];
  expect((await run([...args, "--json"], { cwd: folder })).code).toBe(0);
  const place = join(folder, "here", "twice");
  const record = JSON.parse(readFileSync(join(place, "run.json"), "utf8"));
  expect(record.config).toMatchObject({
    run: "twice",
    dataset: "synthetic",
    seed: 9,
    limitTrain: 64,
    models: [{ name: "compact" }, { name: "compact-2" }],
  });
  expect(record.datasetDigest).toMatch(/^[0-9a-f]{64}$/);
  expect(record.versions).toMatchObject({ "mnist-tui": expect.any(String), node: process.versions.node });
  expect(record).toMatchObject({ engine: expect.any(String), device: expect.any(String) });
  expect(readdirSync(place).sort()).toEqual(["compact", "compact-2", "run.json"]);
  for (const model of ["compact", "compact-2"]) {
    expect(readdirSync(join(place, model)).sort()).toEqual(["best", "events.jsonl", "last"]);
    expect(readdirSync(join(place, model, "best")).sort()).toEqual(["model.json", "weights.safetensors"]);
    expect(readdirSync(join(place, model, "last")).sort()).toEqual(["model.json", "optimizer.safetensors", "weights.safetensors"]);
    expect(jsonLines(readFileSync(join(place, model, "events.jsonl"), "utf8")).at(-1)?.type).toBe("done");
  }
});

test("a pipe gets plain lines without escape codes: device, parameters, each epoch, the summary, the run's folder", async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await run(["train", "--compare", "compact,simple", ...tiny, "--run", "piped"], { cwd: folder });
  expect(code, stderr).toBe(0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the output must not contain the escape character
  expect(stdout + stderr).not.toMatch(/\u001b/);
  for (const part of [
    "device:",
    "206,922 parameters",
    "epoch 1/2",
    "epoch 2/2",
    "test accuracy",
    "completed",
    `stored in ${join("checkpoints", "piped")}`,
  ]) {
    expect(stdout).toContain(part);
  }
});

test("a run is the same bit for bit with the same seed and engine, whatever the threads, and another one with another seed", async () => {
  const folder = temporaryFolder();
  const weights = async (name: string, ...args: string[]) => {
    const augment = ["--augment", "rotate=15,crop=22@0.5,shift=2", "--dropout", "0.3"];
    const { code, stderr } = await run(["train", "--model", "compact", ...tiny, ...augment, "--run", name, ...args, "--json"], {
      cwd: folder,
    });
    expect(code, stderr).toBe(0);
    return readFileSync(join(folder, "checkpoints", name, "compact", "last", "weights.safetensors"));
  };
  const first = await weights("first", "--threads", "1");
  expect(first.equals(await weights("again", "--threads", "3"))).toBe(true);
  expect(first.equals(await weights("other", "--seed", "1"))).toBe(false);
});

test("early stopping ends a model that does not improve", async () => {
  const folder = temporaryFolder();
  const args = ["train", "--model", "compact", ...tiny, "--epochs", "50", "--lr", "1e-9", "--early-stop", "2", "--json"];
  const { code, stdout } = await run(args, { cwd: folder });
  expect(code).toBe(0);
  expect(jsonLines(stdout).at(-1)).toMatchObject({ type: "done", reason: "early-stop", epoch: 3, bestEpoch: 1 });
});

test("a model whose loss becomes NaN fails with advice, and the other one trains to its end", async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await run(
    ["train", "--compare", "simple:lr=100:weight-decay=1:optimizer=sgd,compact", ...tiny, "--epochs", "20", "--json"],
    {
      cwd: folder,
    },
  );
  const ends = jsonLines(stdout).filter(({ type }) => type === "error" || type === "done");
  expect(ends.find(({ model }) => model === "simple")).toMatchObject({ type: "error", message: expect.stringContaining("smaller --lr") });
  expect(ends.find(({ model }) => model === "compact")).toMatchObject({ type: "done", reason: "completed" });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^mnist-tui: simple: The loss of simple .*smaller --lr.*\n$/)]);
});

test("a batch larger than the training images is lowered to them with a notice, and a resumed run keeps it", async () => {
  const folder = temporaryFolder();
  const data = ["--dataset", "synthetic", "--limit-train", "40", "--limit-test", "32"];
  const args = ["train", "--model", "compact", ...data, "--json"];
  const { code, stdout, stderr } = await run([...args, "--epochs", "1", "--run", "a"], { cwd: folder });
  expect(code, stderr).toBe(0);
  expect(jsonLines(stdout)[0]).toMatchObject({ type: "start", batchSize: 40, stepsPerEpoch: 1 });
  expect(jsonLines(stdout)).toContainEqual(
    expect.objectContaining({ type: "log", message: "The batch size of compact is 40 instead of 512: there are only 40 training images." }),
  );
  // What was asked for at first is no contradiction.
  for (const given of [[], ["--limit-train", "40", "--batch-size", "512", "--model", "compact:batch-size=512"]]) {
    const epochs = given.length === 0 ? "2" : "3";
    const resumed = await run(["train", "--resume", "a", "--epochs", epochs, ...given, "--json"], { cwd: folder });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(jsonLines(resumed.stdout)[0]).toMatchObject({ batchSize: 40, stepsPerEpoch: 1, step: Number(epochs) - 1 });
  }
  const other = await run(["train", "--resume", "a", "--batch-size", "16"], { cwd: folder });
  expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("--batch-size 16 contradicts 40 of compact")]);
});

test("a recipe's settings hold where no flag sets them otherwise", async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await run(["train", "--config", "003", ...tiny, "--json"], { cwd: folder });
  expect(code, stderr).toBe(0);
  expect(jsonLines(stdout)[0]).toMatchObject({ preset: "compact", optimizer: "sgd", learningRate: 0.001, batchSize: 16, epochs: 2 });
});

test("synthetic digits stand in, with a warning, where MNIST is neither found nor downloaded, unless MNIST was asked for by name", async () => {
  const folder = temporaryFolder();
  const env = { MNIST_TUI_DATA: "", MNIST_TUI_CACHE: join(folder, "cache"), MNIST_TUI_MIRROR: "http://127.0.0.1:9/" };
  const args = ["train", "--model", "compact", ...tiny.slice(2), "--json"];
  const { code, stdout, stderr } = await run(args, { cwd: folder, env });
  expect(code, stderr).toBe(0);
  const events = jsonLines(stdout);
  expect(events[0]).toMatchObject({ type: "start", dataset: "synthetic" });
  expect(events).toContainEqual(
    expect.objectContaining({ type: "log", level: "warning", message: expect.stringContaining("synthetic digits") }),
  );
  const byName = await run([...args, "--dataset", "mnist", "--data-dir", folder, "--checkpoint-dir", "other"], { cwd: folder, env });
  expect(byName).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^mnist-tui: .*127\.0\.0\.1/m) });
  expect(existsSync(join(folder, "other"))).toBe(false);
});
