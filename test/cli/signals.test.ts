import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mirror } from "../data/mirror.js";
import { jsonLines, run, start, temporaryFolder } from "./program.js";

/** Arguments of a run that trains until it is stopped. */
const endless = [
  "--dataset",
  "synthetic",
  "--limit-train",
  "512",
  "--limit-test",
  "32",
  "--batch-size",
  "16",
  "--epochs",
  "100000",
  "--json",
];

const complete = (stdout: string) => jsonLines(stdout.slice(0, stdout.lastIndexOf("\n") + 1));
const hasTrained = (model: string) => (stdout: string) => complete(stdout).some((event) => event.type === "epoch" && event.model === model);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("%s saves, says so and exits with %i", async (signal, code) => {
  const folder = temporaryFolder();
  const program = start(["train", "--compare", "compact,simple", ...endless, "--run", "a"], { cwd: folder });
  await program.until((stdout) => hasTrained("compact")(stdout) && hasTrained("simple")(stdout));
  program.child.kill(signal);
  const ended = await program.ended;
  expect(ended.code, ended.stderr).toBe(code);
  for (const model of ["compact", "simple"]) {
    const own = complete(ended.stdout).filter((event) => event.model === model);
    expect(own.at(-1)).toMatchObject({ type: "done", reason: "interrupted" });
    const info = JSON.parse(readFileSync(join(folder, "checkpoints", "a", model, "last", "model.json"), "utf8"));
    expect(info.step).toBe(own.at(-1)!.step);
  }
  expect(existsSync(join(folder, "checkpoints", "a", "lock.json"))).toBe(false);
});

test("a second Ctrl-C ends the program at once", async () => {
  const folder = temporaryFolder();
  const program = start(["train", "--model", "compact", ...endless], { cwd: folder });
  await program.until(hasTrained("compact"));
  program.child.kill("SIGINT");
  program.child.kill("SIGINT");
  expect((await program.ended).code).toBe(130);
});

test("a run that gets a signal before training begins leaves nothing behind", async () => {
  const folder = temporaryFolder();
  // The mirror answers only after progress is shown, and its answer never ends.
  const MNIST_TUI_MIRROR = await mirror((_, response) => void setTimeout(() => response.write("x"), 500));
  const env = { MNIST_TUI_DATA: "", MNIST_TUI_CACHE: join(folder, "cache"), MNIST_TUI_MIRROR };
  const program = start(["train", "--model", "compact", "--dataset", "mnist", "--json"], { cwd: folder, env });
  const [said] = await once(program.child.stderr!, "data");
  expect(said).toMatch(/^downloading /);
  program.child.kill("SIGTERM");
  expect((await program.ended).code).toBe(143);
  expect(existsSync(join(folder, "checkpoints"))).toBe(false);
});

test("the model of a killed trainer fails by name, the other one trains to its end, and the exit code is 1", async () => {
  const folder = temporaryFolder();
  const args = ["train", "--compare", "compact:epochs=100000,simple:epochs=30", ...endless, "--run", "a"];
  const program = start(args, { cwd: folder });
  await program.until((stdout) => hasTrained("compact")(stdout) && hasTrained("simple")(stdout));
  const pid = Number(complete(await textNow(program)).find((event) => event.type === "start" && event.model === "compact")!.pid);
  process.kill(pid, "SIGKILL");
  const ended = await program.ended;
  expect(ended.code, ended.stderr).toBe(1);
  const last = (model: string) => complete(ended.stdout).findLast((event) => event.model === model && event.type !== "device");
  expect(last("compact")).toMatchObject({ type: "error", message: expect.stringContaining("SIGKILL") });
  expect(last("simple")).toMatchObject({ type: "done", reason: "completed", epoch: 30 });
  const log = jsonLines(readFileSync(join(folder, "checkpoints", "a", "compact", "events.jsonl"), "utf8"));
  expect(log.at(-1)?.type).toBe("error");
  const runs = jsonLines((await run(["runs", "--json"], { cwd: folder })).stdout);
  expect(runs).toMatchObject([
    {
      models: [
        { name: "compact", state: "failed" },
        { name: "simple", state: "completed" },
      ],
    },
  ]);
});

test("the killed program leaves no trainer running, and its run can be resumed", async () => {
  const folder = temporaryFolder();
  const program = start(["train", "--model", "compact", ...endless, "--run", "a"], { cwd: folder });
  await program.until(hasTrained("compact"));
  const pid = Number(complete(await textNow(program))[0].pid);
  expect(isAlive(pid)).toBe(true);
  const during = await run(["train", "--resume", "a"], { cwd: folder });
  expect(during).toMatchObject({ code: 1, stderr: expect.stringContaining(`Process ${program.child.pid} is training this run already`) });
  program.child.kill("SIGKILL");
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  const log = jsonLines(readFileSync(join(folder, "checkpoints", "a", "compact", "events.jsonl"), "utf8"));
  expect(log.at(-1)).toMatchObject({ type: "done", reason: "interrupted" });
  const { step } = log.at(-1)!;
  const resumed = start(["train", "--resume", "--json"], { cwd: folder });
  await resumed.until((stdout) => complete(stdout).some(({ type }) => type === "step"));
  resumed.child.kill("SIGTERM");
  const ended = await resumed.ended;
  expect(ended.code).toBe(143);
  expect(complete(ended.stdout)[0]).toMatchObject({ type: "start", step });
});

test("a run whose reader closes the pipe is saved and ends quietly", async () => {
  const folder = temporaryFolder();
  const program = start(["train", "--model", "compact", ...endless, "--run", "a"], { cwd: folder });
  await program.until(hasTrained("compact"));
  program.child.stdout!.destroy();
  const ended = await program.ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).not.toContain("mnist-tui:");
  const log = jsonLines(readFileSync(join(folder, "checkpoints", "a", "compact", "events.jsonl"), "utf8"));
  expect(log.at(-1)).toMatchObject({ type: "done", reason: "interrupted" });
});

test("a command whose reader closes the pipe ends quietly", async () => {
  const program = start(["train", "--help"]);
  program.child.stdout!.destroy();
  expect(await program.ended).toMatchObject({ stderr: "" });
});

/** The output so far. */
async function textNow(program: ReturnType<typeof start>): Promise<string> {
  let text = "";
  await program.until((stdout) => {
    text = stdout;
    return true;
  });
  return text;
}
