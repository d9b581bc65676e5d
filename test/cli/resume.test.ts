import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { jsonLines, run, start, temporaryFolder, tiny } from "./program.js";

/** Settings with every part that has a state or a random number: an interruption may change no figure. */
const settings = ["--augment", "rotate=15,crop=22@0.5", "--dropout", "0.3", "--schedule", "cosine", "--warmup", "0.5"];

function stored(folder: string, name: string, model = "compact"): Record<string, string> {
  const place = join(folder, "checkpoints", name, model);
  const files = ["best/weights.safetensors", "last/weights.safetensors", "last/optimizer.safetensors"];
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(place, file)).toString("hex")]));
}

/** The epochs' figures without their durations. */
function epochs(text: string) {
  return jsonLines(text)
    .filter(({ type }) => type === "epoch" || type === "eval")
    .map(({ run: _, time: __, seconds: ___, imagesPerSecond: ____, ...numbers }) => numbers);
}

// So many epochs that the run still goes on when the signal reaches it.
test.each([
  ["reference", "adam", ["--limit-train", "18", "--limit-test", "8", "--batch-size", "4", "--epochs", "8"]],
  ["auto", "sgd", ["--limit-train", "1032", "--epochs", "20"]],
  ["auto", "rmsprop", ["--limit-train", "1032", "--epochs", "20", "--momentum", "0.5"]],
] as const)(
  "a run of engine %s with %s, interrupted in the middle of an epoch and resumed, ends with the same bits as an uninterrupted one",
  async (engine, optimizer, size) => {
    const folder = temporaryFolder();
    const args = ["train", "--model", "compact", ...tiny, ...settings, ...size, "--optimizer", optimizer, "--engine", engine, "--json"];
    const whole = await run([...args, "--run", "whole"], { cwd: folder });
    expect(whole.code, whole.stderr).toBe(0);

    const cut = start([...args, "--run", "cut"], { cwd: folder });
    await cut.until((stdout) =>
      jsonLines(stdout.slice(0, stdout.lastIndexOf("\n") + 1)).some(({ type, step }) => type === "step" && Number(step) > 0),
    );
    cut.child.kill("SIGTERM");
    const interrupted = await cut.ended;
    expect(interrupted.code, interrupted.stderr).toBe(143);
    const end = jsonLines(interrupted.stdout).at(-1)!;
    expect(end).toMatchObject({ type: "done", reason: "interrupted" });

    const resumed = await run(["train", "--resume", "cut", "--json"], { cwd: folder });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(jsonLines(resumed.stdout)[0]).toMatchObject({ type: "start", step: end.step });
    expect(jsonLines(resumed.stdout).at(-1)).toMatchObject({ type: "done", reason: "completed" });
    expect(stored(folder, "cut")).toEqual(stored(folder, "whole"));
    expect(epochs(interrupted.stdout + resumed.stdout)).toEqual(epochs(whole.stdout));
  },
);

test("a finished run goes on with more epochs, with the same results as if it had had them from the beginning", async () => {
  const folder = temporaryFolder();
  const args = ["train", "--model", "compact", ...tiny, "--json"];
  await run([...args, "--epochs", "4", "--run", "long"], { cwd: folder });
  await run([...args, "--epochs", "2", "--run", "short"], { cwd: folder });
  const resumed = await run(["train", "--resume", "--epochs", "4", "--json"], { cwd: folder });
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(jsonLines(resumed.stdout)[0]).toMatchObject({ run: "short", step: 8, epochs: 4 });
  expect(stored(folder, "short")).toEqual(stored(folder, "long"));
  expect(JSON.parse(readFileSync(join(folder, "checkpoints", "short", "run.json"), "utf8")).config.models[0].epochs).toBe(4);
});

test("resuming a run with nothing left to train says so and succeeds; fewer epochs than trained are refused", async () => {
  const folder = temporaryFolder();
  await run(["train", "--model", "compact", ...tiny, "--run", "a"], { cwd: folder });
  const again = await run(["train", "--resume"], { cwd: folder });
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("Nothing is left to train in run a") });
  const json = await run(["train", "--resume", "--json"], { cwd: folder });
  expect(jsonLines(json.stdout)).toMatchObject([{ type: "done", reason: "completed" }]);
  const fewer = await run(["train", "--resume", "a", "--epochs", "1"], { cwd: folder });
  expect(fewer).toMatchObject({ code: 2, stderr: expect.stringContaining("at least the 2 that compact has trained") });
});

test("a run that was killed without warning goes on from its last checkpoint, and its torn log is mended", async () => {
  const folder = temporaryFolder();
  const args = ["train", "--model", "compact", ...tiny, "--epochs", "3", "--json"];
  await run([...args, "--run", "whole"], { cwd: folder });
  await run([...args, "--run", "cut", "--epochs", "2"], { cwd: folder });
  const log = join(folder, "checkpoints", "cut", "compact", "events.jsonl");
  writeFileSync(log, `${readFileSync(log, "utf8")}{"type":"step","ru`);
  const resumed = await run(["train", "--resume", "cut", "--epochs", "3", "--json"], { cwd: folder });
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(stored(folder, "cut")).toEqual(stored(folder, "whole"));
  expect(
    jsonLines(readFileSync(log, "utf8"))
      .filter(({ type }) => type === "epoch")
      .map(({ epoch }) => epoch),
  ).toEqual([1, 2, 3]);
});

test("a model without a checkpoint begins anew when its run is resumed", async () => {
  const folder = temporaryFolder();
  await run(["train", "--compare", "compact,simple", ...tiny, "--run", "a", "--json"], { cwd: folder });
  rmSync(join(folder, "checkpoints", "a", "simple"), { recursive: true });
  const resumed = await run(["train", "--resume", "a", "--json"], { cwd: folder });
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(new Set(jsonLines(resumed.stdout).map(({ model }) => model))).toEqual(new Set(["simple"]));
  expect(jsonLines(resumed.stdout)[0]).toMatchObject({ type: "start", step: 0 });
  expect(readdirSync(join(folder, "checkpoints", "a", "simple")).sort()).toEqual(["best", "events.jsonl", "last"]);
});

test("a model with a damaged checkpoint fails by name, with both digests, and the checkpoint stays as it was", async () => {
  const folder = temporaryFolder();
  await run(["train", "--model", "compact", ...tiny, "--run", "a"], { cwd: folder });
  const file = join(folder, "checkpoints", "a", "compact", "last", "weights.safetensors");
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(file, bytes);
  const resumed = await run(["train", "--resume", "a", "--epochs", "3", "--json"], { cwd: folder });
  expect(resumed.code).toBe(1);
  expect(jsonLines(resumed.stdout).at(-1)).toMatchObject({
    type: "error",
    message: expect.stringMatching(/weights\.safetensors is damaged: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}/),
  });
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test("options that contradict the run are refused", async () => {
  const folder = temporaryFolder();
  await run(["train", "--model", "compact", ...tiny, "--run", "a"], { cwd: folder });
  for (const [flag, value] of [
    ["--seed", "1"],
    ["--lr", "0.5"],
    ["--model", "simple"],
    ["--batch-size", "8"],
    ["--run", "b"],
  ]) {
    const { code, stderr } = await run(["train", "--resume", "a", flag, value], { cwd: folder });
    expect([flag, code]).toEqual([flag, 2]);
    expect(stderr).toMatch(new RegExp(`^mnist-tui: ${flag} ${value} contradicts .*only --epochs`));
  }
  expect(await run(["train", "--resume", "nowhere"], { cwd: folder })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("choose one of a"),
  });
  const empty = await run(["train", "--resume", "--checkpoint-dir", "empty"], { cwd: folder });
  expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining("no run to resume in empty") });
});

test("a resumed run shows its models in their order, whichever one's events came first", async () => {
  const folder = temporaryFolder();
  await run(["train", "--compare", "simple,compact", ...tiny, "--run", "a", "--json"], { cwd: folder });
  const log = join(folder, "checkpoints", "a", "simple", "events.jsonl");
  writeFileSync(log, readFileSync(log, "utf8").replace(/"time":\d+/, '"time":4000000000000'));
  const { stdout } = await run(["train", "--resume", "a"], { cwd: folder });
  expect(stdout).toMatch(/^simple: completed\ncompact: completed\n/m);
});

test("a log that is damaged in the middle does not keep a run from going on", async () => {
  const folder = temporaryFolder();
  await run(["train", "--model", "compact", ...tiny, "--run", "a", "--json"], { cwd: folder });
  const log = join(folder, "checkpoints", "a", "compact", "events.jsonl");
  const lines = readFileSync(log, "utf8").split("\n");
  lines[2] = "x";
  writeFileSync(log, lines.join("\n"));
  const finished = await run(["train", "--resume", "a"], { cwd: folder });
  expect(finished).toMatchObject({ code: 0, stderr: expect.stringContaining("events.jsonl is damaged: line 3") });
  const { code, stdout, stderr } = await run(["train", "--resume", "a", "--epochs", "3", "--json"], { cwd: folder });
  expect(code, stderr).toBe(0);
  expect(jsonLines(stdout)).toContainEqual(
    expect.objectContaining({ type: "log", level: "warning", message: expect.stringContaining("events.jsonl is damaged: line 3") }),
  );
  expect(jsonLines(stdout).at(-1)).toMatchObject({ type: "done", reason: "completed", epoch: 3 });
});

test("a run.json that names a folder elsewhere is refused", async () => {
  const folder = temporaryFolder();
  await run(["train", "--model", "compact", ...tiny, "--run", "a", "--json"], { cwd: folder });
  const record = join(folder, "checkpoints", "a", "run.json");
  writeFileSync(record, readFileSync(record, "utf8").replace('"name": "compact"', '"name": "../compact"'));
  const { code, stderr } = await run(["train", "--resume", "a"], { cwd: folder });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/cannot be resumed: config\.models\.0\.name/)]);
  expect(readdirSync(join(folder, "checkpoints"))).toEqual(["a"]);
});

test("a model whose trainer ended between its best and its last checkpoint is listed with its best", async () => {
  const folder = temporaryFolder();
  await run(["train", "--model", "compact", ...tiny, "--run", "a", "--json"], { cwd: folder });
  const list = async () => jsonLines((await run(["runs", "--json"], { cwd: folder })).stdout)[0].models as Record<string, unknown>[];
  const [before] = await list();
  rmSync(join(folder, "checkpoints", "a", "compact", "last"), { recursive: true });
  const [{ bestTestAccuracy, bestEpoch, epochs: trained }] = await list();
  expect({ bestTestAccuracy, bestEpoch }).toEqual({ bestTestAccuracy: before.bestTestAccuracy, bestEpoch: before.bestEpoch });
  expect(trained).toBe(0);
});
