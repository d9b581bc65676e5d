import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { jsonLines, run, start, temporaryFolder, tiny } from "./program.js";

/** A folder with a run of two small networks. */
async function trained(name: string, ...args: string[]): Promise<string> {
  const folder = temporaryFolder();
  const { code, stderr } = await run(["train", "--compare", "compact,simple:lr=0.01", ...tiny, "--run", name, ...args, "--json"], {
    cwd: folder,
  });
  expect(code, stderr).toBe(0);
  return folder;
}

test("runs show prints settings, accuracies, checkpoints and the command that goes on, which works", async () => {
  const folder = await trained("a", "--augment", "rotate=5,crop=22@0.5");
  const { code, stdout, stderr } = await run(["runs", "show", "a"], { cwd: folder });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^dataset +SYNTHETIC digits, the first 64 training images, the first 32 test images$/m);
  expect(stdout).toMatch(/^setting +compact +simple$/m);
  expect(stdout).toMatch(/^lr +0\.001 +0\.01$/m);
  expect(stdout).toMatch(/^kernels +the model's +the model's$/m);
  expect(stdout).toMatch(/^augment +rotate=5,crop=22@0\.5 +rotate=5,crop=22@0\.5$/m);
  expect(stdout).toMatch(/^compact +2\/2 +[\d.]+ % +[\d.]+ % \([12]\) +completed$/m);
  expect(stdout).toMatch(/^best: chosen on the test images$/m);
  expect(stdout).toMatch(/^simple last +2 +8 +[\d.]+ MB +checkpoints\/a\/simple\/last$/m);
  const command = /^go on with: mnist-tui (train --resume a --epochs 4)$/m.exec(stdout)?.[1];
  const resumed = await run([...command!.split(" "), "--json"], { cwd: folder });
  expect(jsonLines(resumed.stdout).at(-1)).toMatchObject({ type: "done", reason: "completed", epoch: 4 });
});

test("runs show --json prints one object: overview, configuration, checkpoints, command", async () => {
  const folder = await trained("a");
  const [listed] = jsonLines((await run(["runs", "--json"], { cwd: folder })).stdout);
  for (const args of [
    ["runs", "show", "a", "--json"],
    ["runs", "--json", "show", "a", "--checkpoint-dir", "checkpoints"],
  ]) {
    const [shown, ...rest] = jsonLines((await run(args, { cwd: folder })).stdout) as unknown as Record<string, unknown>[];
    expect(rest).toEqual([]);
    expect(shown).toMatchObject({ ...listed, config: { run: "a", models: [{ learningRate: 0.001 }, { learningRate: 0.01 }] } });
    expect(shown.resume).toBe("mnist-tui train --resume a --epochs 4");
    const checkpoints = shown.checkpoints as { model: string; kind: string; step: number; bytes: number; directory: string }[];
    expect(checkpoints.map(({ model, kind }) => `${model} ${kind}`)).toEqual([
      "compact best",
      "compact last",
      "simple best",
      "simple last",
    ]);
    for (const { directory, bytes } of checkpoints) {
      const files = readdirSync(join(folder, directory)).map((file) => readFileSync(join(folder, directory, file)).length);
      expect(bytes).toBe(files.reduce((sum, size) => sum + size, 0));
    }
  }
});

test("runs rm without a terminal asks for --yes; with it the runs are gone", async () => {
  const folder = await trained("a");
  await run(["train", "--model", "compact", ...tiny, "--run", "b"], { cwd: folder });
  const asked = await run(["runs", "rm", "a", "b"], { cwd: folder });
  expect(asked).toMatchObject({ code: 2, stdout: "" });
  expect(asked.stderr).toMatch(/^mnist-tui: runs rm asks before it removes a \(compact, simple\), b \(compact\), but .*; add --yes\.\n$/);
  // One name that is wrong: nothing is removed.
  const unknown = await run(["runs", "rm", "a", "bb", "--yes"], { cwd: folder });
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("There is no run named bb in checkpoints")]);
  expect(readdirSync(join(folder, "checkpoints")).sort()).toEqual(["a", "b"]);
  const removed = await run(["runs", "rm", "a", "b", "a", "--yes"], { cwd: folder });
  expect(removed).toMatchObject({ code: 0, stdout: "removed a\nremoved b\n", stderr: "" });
  expect(readdirSync(join(folder, "checkpoints"))).toEqual([]);
});

test("a run that is linked loses its link alone", async () => {
  const folder = await trained("a");
  mkdirSync(join(folder, "links"));
  symlinkSync(join(folder, "checkpoints", "a"), join(folder, "links", "linked"));
  expect(await run(["runs", "rm", "linked", "--yes", "--checkpoint-dir", "links"], { cwd: folder })).toMatchObject({ code: 0 });
  expect(readdirSync(join(folder, "links"))).toEqual([]);
  expect(existsSync(join(folder, "checkpoints", "a", "compact", "last", "weights.safetensors"))).toBe(true);
});

test("a run that is being trained is neither removed nor renamed", async () => {
  const folder = temporaryFolder();
  const training = start(["train", "--model", "compact", ...tiny, "--epochs", "100000", "--run", "a", "--json"], { cwd: folder });
  await training.until((stdout) => stdout.includes('"type":"checkpoint"'));
  for (const args of [
    ["rm", "a", "--yes"],
    ["rename", "a", "b"],
  ]) {
    const { code, stdout, stderr } = await run(["runs", ...args], { cwd: folder });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(new RegExp(`^mnist-tui: The run a is being trained by process ${training.child.pid}; stop it first.*\\n$`));
  }
  expect((await run(["runs", "show", "a"], { cwd: folder })).stdout).toMatch(
    new RegExp(`^being trained by process ${training.child.pid}$`, "m"),
  );
  training.child.kill("SIGTERM");
  expect((await training.ended).code).toBe(143);
  expect(await run(["runs", "rename", "a", "b"], { cwd: folder })).toMatchObject({ code: 0, stdout: "renamed a to b\n" });
  expect((await run(["runs", "show", "b"], { cwd: folder })).stdout).toMatch(/^go on with: mnist-tui train --resume b$/m);
});

test("a renamed run is listed, read and trained further under its new name alone", async () => {
  const folder = await trained("a");
  expect(await run(["runs", "rename", "a", "b"], { cwd: folder })).toMatchObject({ code: 0, stdout: "renamed a to b\n", stderr: "" });
  const place = join(folder, "checkpoints", "b");
  expect(readdirSync(join(folder, "checkpoints"))).toEqual(["b"]);
  expect(readdirSync(place).sort()).toEqual(["compact", "run.json", "simple"]);
  expect(JSON.parse(readFileSync(join(place, "run.json"), "utf8")).config.run).toBe("b");
  for (const model of ["compact", "simple"]) {
    for (const kind of ["best", "last"])
      expect(JSON.parse(readFileSync(join(place, model, kind, "model.json"), "utf8"))).toMatchObject({ run: "b", model });
    expect(new Set(jsonLines(readFileSync(join(place, model, "events.jsonl"), "utf8")).map((event) => event.run))).toEqual(new Set(["b"]));
  }
  // The model is named before the picture is looked for.
  const answered = await run(["predict", "no.png", "--checkpoint", "b"], { cwd: folder });
  expect(answered.stdout).toMatch(/^model: (compact|simple), best of run b, /);
  const resumed = await run(["train", "--resume", "b", "--epochs", "3"], { cwd: folder });
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stdout).toMatch(/^run b, /m);
  expect(resumed.stdout).toContain(`stored in ${join("checkpoints", "b")}`);
});

test("runs rename refuses names that are taken, wrong or missing, and changes nothing", async () => {
  const folder = await trained("a");
  cpSync(join(folder, "checkpoints", "a"), join(folder, "checkpoints", "b"), { recursive: true });
  for (const [names, exitCode, sentence] of [
    [["a", "b"], 1, /A run named b exists already in checkpoints; choose another name/],
    [["a", "a"], 1, /A run named a exists already/],
    [["a", "b/c"], 2, /A run name has 1 to 64 of .* got "b\/c"/],
    [["c", "d"], 1, /There is no run named c in checkpoints; choose one of /],
    [["a"], 2, /missing required argument 'new'; see mnist-tui runs rename --help/],
  ] as const) {
    const { code, stdout, stderr } = await run(["runs", "rename", ...names], { cwd: folder });
    expect([code, stdout], stderr).toEqual([exitCode, ""]);
    expect(stderr).toMatch(sentence);
  }
  expect(readdirSync(join(folder, "checkpoints")).sort()).toEqual(["a", "b"]);
  expect(readdirSync(join(folder, "checkpoints", "a")).sort()).toEqual(["compact", "run.json", "simple"]);
});

test("runs knows its commands", async () => {
  const { code, stderr } = await run(["runs", "shwo", "a"], { cwd: temporaryFolder() });
  expect([code, stderr]).toEqual([
    2,
    "mnist-tui: unknown command 'shwo'; choose from show, rename, rm (did you mean show?); see mnist-tui runs --help.\n",
  ]);
  for (const command of ["show", "rename", "rm"])
    expect((await run(["help", "runs", command])).stdout).toMatch(new RegExp(`^Usage: mnist-tui runs ${command} [\\s\\S]*Example:`));
});
