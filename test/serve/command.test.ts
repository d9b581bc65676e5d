import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCheckpoint, saveCheckpoint } from "../../dist/run/checkpoint.js";
import { EventLog } from "../../dist/run/log.js";
import { asSharp, black, plain, white } from "../picture/pictures.js";
import { call, stroke, until, untrained } from "./support.js";

const program = join(import.meta.dirname, "../../bin/mnist-tui.js");
let dir: string;
let png: Buffer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-serve-command-"));
  // Better than the pretrained network, which would answer otherwise.
  await untrained(join(dir, "run", "simple", "best"), 3, 0.999);
  const models = [
    { name: "simple", preset: "simple" },
    { name: "later", preset: "simple" },
  ];
  const record = {
    config: { run: "run", dataset: "mnist", models },
    datasetDigest: "",
    versions: {},
    device: "",
    engine: "",
    created: "2025-01-01T00:00:00.000Z",
  };
  await writeFile(join(dir, "run", "run.json"), JSON.stringify(record));
  png = await asSharp(plain(stroke(), black, white))
    .png()
    .toBuffer();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Serving {
  child: ChildProcess;
  url: string;
  out(): string;
  err(): string;
  exit: Promise<number | null>;
}

async function serve(...args: string[]): Promise<Serving> {
  const child = spawn(process.execPath, [program, "serve", "--port", "0", "--checkpoint-dir", dir, ...args]);
  let [out, err] = ["", ""];
  child.stdout.on("data", (data) => {
    out += data;
  });
  child.stderr.on("data", (data) => {
    err += data;
  });
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  await Promise.race([until(() => /http:\/\/\S+:\d+/.test(out)), exit]);
  const url = /http:\/\/[^\s;"]+/.exec(out)?.[0].replace("0.0.0.0", "127.0.0.1") ?? "";
  return { child, url, out: () => out, err: () => err, exit };
}

describe("mnist-tui serve", () => {
  it("serves the newest run's best, says so, and ends in order on SIGTERM", async () => {
    const serving = await serve();
    expect(serving.out()).toBe(
      `model: simple, best of run run, 99.90 % on mnist; choose another with --checkpoint\nListening on ${serving.url}; Ctrl-C ends.\n`,
    );
    expect(serving.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { json } = await call(`${serving.url}/predict`, { body: png });
    expect(json).toMatchObject({ model: "simple", checkpoint: "run/simple/best" });
    serving.child.kill("SIGTERM");
    expect(await serving.exit).toBe(143);
    expect(serving.err()).not.toContain("Listening on");
  });

  it("calls a checkpoint that was copied out of its run by its own folder", async () => {
    const copy = join(dir, "copy");
    const { state, info } = await loadCheckpoint(join(dir, "run", "simple", "best"));
    await saveCheckpoint(copy, { state, info: { ...info, model: "simple", run: "run" } }, { optimizer: false });
    const serving = await serve("--checkpoint", copy);
    expect((await call(`${serving.url}/readyz`)).json.models).toMatchObject([{ name: "simple", checkpoint: "copy" }]);
    serving.child.kill("SIGTERM");
    await serving.exit;
  });

  it("serves a run that is being trained, and the pretrained network until the run is better", async () => {
    const place = join(dir, "training");
    await untrained(join(place, "now", "simple", "best"), 3, 0.9);
    await writeFile(join(place, "now", "run.json"), await readFile(join(dir, "run", "run.json")));
    await writeFile(join(place, "now", "lock.json"), JSON.stringify({ pid: process.pid, host: hostname() }));
    const serving = await serve("--checkpoint-dir", place);
    const [simple, later, pretrained] = serving.out().split("\n");
    expect([simple, later]).toEqual([
      "model: simple, best of run now, 90.00 % on mnist",
      "model: later, best of run now, no checkpoint yet",
    ]);
    expect(pretrained).toMatch(/^model: compact, pretrained, 99\.\d\d % on mnist/);
    const asked = async (query: string) => (await call(`${serving.url}/predict${query}`, { body: png })).json.model;
    expect([await asked(""), await asked("?model=simple")]).toEqual(["pretrained", "simple"]);
    await untrained(join(place, "now", "simple", "best"), 4, 0.999);
    await until(async () => (await asked("")) === "simple");
    serving.child.kill("SIGTERM");
    await serving.exit;
  });

  it("ends with 130 on Ctrl-C", async () => {
    const serving = await serve();
    serving.child.kill("SIGINT");
    expect(await serving.exit).toBe(130);
  });

  it("warns where others can reach it", async () => {
    const serving = await serve("--host", "0.0.0.0", "--json");
    const [line] = serving
      .out()
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text))
      .filter(({ type, level }) => type === "log" && level === "warning");
    expect(line.message).toMatch(/can use the server; it asks for no password/);
    expect(JSON.parse(serving.out().trim().split("\n").at(-1)!)).toMatchObject({ type: "listening", models: ["simple"] });
    serving.child.kill("SIGTERM");
    await serving.exit;
  });

  it("shows the run's past, and what another process writes to it", async () => {
    const log = EventLog.open(join(dir, "run", "simple", "events.jsonl"));
    const event = { type: "epoch", run: "run", model: "simple", time: 1 } as const;
    const epoch = (n: number) => ({
      ...event,
      epoch: n,
      step: 10 * n,
      loss: 1 / n,
      accuracy: 0.9,
      testLoss: 0.1,
      testAccuracy: 0.9,
      learningRate: 0.1,
      imagesPerSecond: 1,
      seconds: 1,
      best: true,
    });
    log.append(epoch(1));
    const serving = await serve();
    const epochs = async () => (await call(`${serving.url}/get_training_data`)).json.models[0]?.epoch;
    await until(async () => (await epochs()) === 1);
    log.append(epoch(2));
    await until(async () => (await epochs()) === 2);
    await log.close();
    serving.child.kill("SIGTERM");
    await serving.exit;
  });

  it.each([
    ["a port that is none", ["--port", "x"], 2, /--port expects a whole number from 0 to 65535, got "x"/],
    ["no picture size", ["--max-bytes", "0"], 2, /--max-bytes expects a whole number from 1/],
    [
      "any origin at all",
      ["--allow-origin", "*"],
      2,
      /--allow-origin expects the address of a site such as https:\/\/digits\.example, got "\*"/,
    ],
    ["an unknown engine", ["--engine", "abacus"], 2, /expects one of auto/],
    ["a checkpoint that is none", ["--checkpoint", "/nowhere"], 1, /\/nowhere does not exist: expected a folder/],
    ["an address of another machine", ["--host", "203.0.113.7", "--port", "0"], 1, /203\.0\.113\.7 is no address of this machine/],
  ])("%s: one sentence, and the exit code", (_, args, code, message) => {
    const { stderr, stdout, status } = spawnSync(process.execPath, [program, "serve", "--checkpoint-dir", dir, ...args], {
      encoding: "utf8",
      timeout: 20_000,
    });
    expect(stderr).toMatch(message);
    expect([status, stdout]).toEqual([code, ""]);
  });
});
