import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { datasetNames, engineNames, scheduleNames } from "../../dist/config/names.js";
import { optimizerNames } from "../../dist/model/optimizers.js";
import { presetNames } from "../../dist/model/presets.js";
import { jsonLines, run, temporaryFolder, tiny } from "./program.js";

const commands = ["train", "predict", "runs", "summary", "data", "bench"];

test("the program lists its commands without arguments and with --help", async () => {
  for (const args of [[], ["--help"], ["help"]]) {
    const { code, stdout, stderr } = await run(args);
    expect([code, stderr]).toEqual([0, ""]);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ +${command} `, "m"));
  }
});

test.each(commands)("%s --help explains itself with an example", async (command) => {
  const { code, stdout } = await run([command, "--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Examples?:\n(.*\n)*?  mnist-tui ${command}`, "m"));
  expect((await run(["help", command])).stdout).toBe(stdout);
});

test("every listed command exists", async () => {
  const listed = [...(await run(["--help"])).stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name);
  expect(listed).toEqual(expect.arrayContaining(commands));
  for (const command of listed) {
    if (commands.includes(command)) continue;
    expect(await run([command, "--help"])).toMatchObject({ code: 0, stdout: expect.stringContaining(`Usage: mnist-tui ${command}`) });
  }
});

test.each<[string, string[], RegExp]>([
  ["an unknown command", ["trian"], /^mnist-tui: Unknown command "trian"; choose from train, .*bench/],
  ["help for an unknown command", ["help", "trian"], /^mnist-tui: Unknown command "trian"; choose from train, .*bench/],
  ["a command named like a property of objects", ["constructor"], /Unknown command "constructor"/],
  ["an unknown option", ["train", "--epoch", "3"], /--epoch'?; choose from --compare, --model, --dataset.*--ascii/],
  ["an unknown option of the program", ["--nonsense"], /--nonsense/],
  ["a command without the one that it needs", ["tensorflow"], /tensorflow expects one of link, unlink; see mnist-tui tensorflow --help/],
  ["an unknown command of a command", ["tensorflow", "lnk"], /unknown command 'lnk'; choose from link, unlink \(did you mean link\?\);/],
  [
    "an unknown option of a command of a command",
    ["tensorflow", "unlink", "--jsn"],
    /unknown option '--jsn'; choose from --help; see mnist-tui tensorflow unlink --help/,
  ],
  ["an option without its value", ["predict", "--checkpoint"], /--checkpoint <name>/],
  ["arguments too many", ["train", "two", "words"], /train expects options only, got two words; see mnist-tui train --help/],
  ["an argument too many", ["summary", "simple", "deep"], /summary expects 1 argument, got simple deep; see mnist-tui summary --help/],
  ["an unknown model", ["train", "--model", "alexnet"], new RegExp(`Unknown model "alexnet"; choose from ${presetNames.join(", ")}`)],
  [
    "an unknown optimizer",
    ["train", "--optimizer", "lion"],
    new RegExp(`--optimizer expects one of ${optimizerNames.join(", ")}, got "lion"`),
  ],
  ["an unknown dataset", ["train", "--dataset", "cifar"], new RegExp(`--dataset expects one of ${datasetNames.join(", ")}`)],
  ["an unknown schedule", ["train", "--schedule", "poly"], new RegExp(`one of ${scheduleNames.join(", ")}`)],
  ["an unknown engine", ["train", "--engine", "abacus"], new RegExp(`one of ${engineNames.join(", ")}`)],
  ["an unknown key of an entry", ["train", "--compare", "simple:speed=9"], /kernels, dropout, epochs/],
  ["an unknown augmentation", ["train", "--augment", "blur=1"], /rotate, crop, shift, scale/],
  ["no epochs", ["train", "--epochs", "0"], /a whole number from 1 to 100000, got "0"/],
  ["a negative learning rate", ["train", "--lr=-1"], /--lr expects a learning rate above 0/],
  ["text for a number", ["train", "--batch-size", "many"], /--batch-size expects a whole number/],
  ["kernels that do not fit", ["train", "--model", "simple", "--kernels", "1-2-3"], /kernels of simple must be 2 whole numbers/],
  ["a run's name with a slash", ["train", "--run", "a/b"], /got "a\/b"/],
  ["contradictory outputs", ["train", "--plain", "--json"], /--plain and --json contradict each other/],
  ["contradictory models", ["train", "--model", "simple", "--compare", "deep"], /contradict each other/],
  ["a configuration that is not there", ["train", "--config", "nothing"], /one of the recipes seed-000-simple, seed-001-vgg/],
  ["an unknown model to measure", ["bench", "--models", "alexnet"], new RegExp(`choose from ${presetNames.join(", ")}`)],
  ["a setting that a summary does not depend on", ["summary", "simple:lr=1"], /kernels and dropout only, got lr/],
  ["a model named like a file of its run", ["train", "--model", "simple:name=run.json"], /and no file of a run, got "run.json"/],
  ["a setting that bench does not measure", ["bench", "--models", "simple:epochs=3"], /bench measures kernels.* only, got epochs/],
  [
    "a momentum that bench cannot measure",
    ["bench", "--models", "simple:momentum=0.9"],
    /momentum in "simple:momentum=0.9" is for sgd and/,
  ],
  ["no steps to measure", ["bench", "--steps", "0"], /--steps expects a whole number from 1 to 100000, got "0"/],
  ["a fraction of a step to measure", ["bench", "--steps", "1.5"], /--steps expects a whole number from 1 to 100000, got "1.5"/],
  ["an accuracy above all", ["bench", "--to-accuracy", "101"], /--to-accuracy expects a number of per cent from 0.01 to 100, got "101"/],
  ["threads of a bench that are none", ["bench", "--threads", "0"], /--threads expects a whole number from 1 to 1024, got "0"/],
  ["a rate that drops everything", ["summary", "simple", "--dropout", "1"], /--dropout expects a rate from 0 up to/],
])("%s: one sentence on stderr, exit code 2, nothing written", async (_, args, sentence) => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await run(args, { cwd: folder });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(sentence);
  expect(stderr).toMatch(/^mnist-tui: .*\.\n$/);
  expect(readdirSync(folder)).toEqual([]);
});

test("an unknown key of a file is refused, listing the allowed ones", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "mine.json"), '{"learningRate": 0.1}');
  const { code, stderr } = await run(["train", "--config", "mine.json"], { cwd: folder });
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^mnist-tui: Unknown key "learningRate" in mine\.json; allowed are compare, .*lr, .*\n$/),
  ]);
});

test("a checkpoint folder that cannot be written fails before anything else happens", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "file"), "");
  const args = ["train", "--model", "compact", ...tiny, "--checkpoint-dir"];
  const below = await run([...args, "file/runs"], { cwd: folder });
  expect(below).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("choose another with --checkpoint-dir") });
  expect(readdirSync(folder)).toEqual(["file"]);
});

test.skipIf(process.getuid?.() === 0)("a checkpoint folder without permission fails likewise", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "locked"));
  chmodSync(join(folder, "locked"), 0o500);
  const { code, stderr } = await run(["train", "--model", "compact", ...tiny, "--checkpoint-dir", "locked"], { cwd: folder });
  expect([code, stderr]).toEqual([1, expect.stringContaining("locked is not writable")]);
});

test.skipIf(process.platform !== "linux")("a checkpoint folder in a place that takes no folders fails likewise", async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await run(["train", "--model", "compact", ...tiny, "--checkpoint-dir", "/proc/mnist-tui"], {
    cwd: folder,
  });
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^mnist-tui: Cannot .*\/proc.*--checkpoint-dir\.\n$/);
});

test.skipIf(!existsSync("/dev/full"))("output that cannot be written is a failure in one sentence", async () => {
  const folder = temporaryFolder();
  const lost = async (...args: string[]) => {
    const { code, stderr } = await run(args, { cwd: folder, output: "/dev/full" });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^mnist-tui: Cannot write to standard output: no space left on the device.*\n$/),
    ]);
  };
  await lost("summary", "simple");
  await lost("--help");
  await lost("train", "--model", "compact", ...tiny, "--run", "lost", "--json");
  // The epochs trained until then are kept.
  expect(existsSync(join(folder, "checkpoints", "lost", "compact", "last", "model.json"))).toBe(true);
});

test("a run of the same name is not overwritten", async () => {
  const folder = temporaryFolder();
  const args = ["train", "--model", "compact", ...tiny, "--run", "a", "--json"];
  expect((await run(args, { cwd: folder })).code).toBe(0);
  expect(await run(args, { cwd: folder })).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("--resume a") });
});

test("runs without a name that begin in the same second get different names", async () => {
  const folder = temporaryFolder();
  const args = ["train", "--model", "compact", ...tiny, "--json"];
  const both = await Promise.all([run(args, { cwd: folder }), run(args, { cwd: folder })]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(readdirSync(join(folder, "checkpoints"))).toHaveLength(2);
});

test.each([
  ["truncated", (bytes: Buffer) => bytes.subarray(0, 100)],
  ["altered", (bytes: Buffer) => bytes],
])("a %s dataset file is named with both digests, and no run is left behind", async (_, damage) => {
  const folder = temporaryFolder();
  const place = join(folder, "data", "mnist");
  mkdirSync(place, { recursive: true });
  const header = (...values: number[]) =>
    Buffer.from(
      Uint32Array.from(values).map((value) => ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >> 8) & 0xff00) | (value >>> 24))
        .buffer,
    );
  for (const [name, count] of [
    ["train", 60_000],
    ["t10k", 10_000],
  ] as const) {
    const images = Buffer.concat([header(0x803, count, 28, 28), Buffer.alloc(count * 784)]);
    const labels = Buffer.concat([header(0x801, count), Buffer.alloc(count)]);
    writeFileSync(join(place, `${name}-images-idx3-ubyte.gz`), damage(gzipSync(images, { level: 1 })));
    writeFileSync(join(place, `${name}-labels-idx1-ubyte.gz`), gzipSync(labels));
  }
  const { code, stdout, stderr } = await run(["train", "--model", "compact", "--data-dir", "data", "--json"], { cwd: folder });
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/train-images-idx3-ubyte\.gz.*\b[0-9a-f]{64}\b/);
  expect(readdirSync(folder)).toEqual(["data"]);
});

test("the command runs lists trained models, for people and as JSON for programs", async () => {
  const folder = temporaryFolder();
  expect((await run(["runs"], { cwd: folder })).stdout).toBe("no runs in checkpoints\n");
  await run(["train", "--compare", "compact,simple", ...tiny, "--run", "first", "--json"], { cwd: folder });
  const [listed] = jsonLines((await run(["runs", "--json"], { cwd: folder })).stdout);
  expect(listed).toMatchObject({
    run: "first",
    dataset: "synthetic",
    seed: 0,
    models: [{ name: "compact", epochs: 2, epochsPlanned: 2, state: "completed" }, { name: "simple" }],
  });
  const table = (await run(["runs"], { cwd: folder })).stdout;
  expect(table).toMatch(/^first +\d{4}-\d\d-\d\d \d\d:\d\d +synthetic +compact +2\/2 +[\d.]+ % +[\d.]+ % +completed$/m);
  expect(table).toContain("best: chosen on the test images");
});

test("bench prints one line for each preset and batch size", async () => {
  const args = ["bench", "--models", "compact,simple", "--batch", "16,8", "--steps", "2", "--threads", "1"];
  const lines = (await run([...args, "--json"])).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ model, batch }) => [model, batch])).toEqual([
    ["compact", 16],
    ["compact", 8],
    ["simple", 16],
    ["simple", 8],
  ]);
  expect(Object.keys(lines[0])).toEqual(["engine", "model", "batch", "threads", "msPerStep", "imagesPerSecond", "parameters"]);
  for (const { batch, msPerStep, imagesPerSecond } of lines) expect((imagesPerSecond * msPerStep) / (1000 * batch)).toBeCloseTo(1, 3);
  expect((await run(args)).stdout).toMatch(/^engine +model +batch +threads +ms\/step +images\/s +parameters\n\w+ +compact +16 +1 /);
});

test("an engine that cannot run here is a failure with its reason, and leaves nothing behind", async () => {
  const folder = temporaryFolder();
  // The packages of an engine that was installed on request lie in the cache.
  const env = { MNIST_TUI_CACHE: folder };
  const { code, stdout, stderr } = await run(["train", "--model", "compact", ...tiny, "--engine", "webgpu"], { cwd: folder, env });
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^mnist-tui: .*webgpu.*\n$/);
  expect(existsSync(join(folder, "checkpoints"))).toBe(false);
});
