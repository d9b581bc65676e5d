import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { asSharp, black, plain, white } from "../picture/pictures.js";
import { Session } from "../ui/terminal-harness.js";
import { call, stroke, until } from "./support.js";

const program = join(import.meta.dirname, "../../bin/mnist-tui.js");
const training = ["train", "--dataset", "synthetic", "--limit-train", "2000", "--limit-test", "500", "--batch-size", "50", "--json"];
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-train-http-"));
});
// A trainer whose parent was killed ends a moment later, and may still be storing a checkpoint.
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 20 }));

it("train --http serves predictions of the newest checkpoints and the live run, and ends with it", async () => {
  const png = await asSharp(plain(stroke(), black, white))
    .png()
    .toBuffer();
  // Epochs without end: it is stopped when everything has been seen.
  const child = spawn(process.execPath, [
    program,
    ...training,
    "--compare",
    "simple,compact",
    "--epochs",
    "100000",
    "--http",
    "0",
    "--run",
    "r",
    "--checkpoint-dir",
    dir,
  ]);
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let out = "";
  child.stdout.on("data", (data) => {
    out += data;
  });
  const exit = new Promise((resolve) => child.on("close", resolve));
  const address = () => /Predictions and live curves on (http:\/\/127\.0\.0\.1:\d+)/.exec(out)?.[1];
  await until(() => address() !== undefined);
  const url = address()!;
  await until(async () => (await call(`${url}/readyz`)).json.models.every(({ checkpoint }: { checkpoint?: string }) => checkpoint));
  const { json } = await call(`${url}/predict?model=*`, { body: png });
  expect(json.predictions.map(({ checkpoint }: { checkpoint: string }) => checkpoint)).toEqual(["r/simple/best", "r/compact/best"]);
  // Empty where there is no GPU: that too is known after a moment.
  await until(async () => (await call(`${url}/get_training_data`)).json.gpus !== undefined);
  const live = (await call(`${url}/get_training_data`)).json;
  expect(live.hostMemory.used).toBeGreaterThan(0);
  expect(live).toMatchObject({ run: "r", models: [{ status: "training" }, { status: "training" }] });
  for (const { curves } of live.models) expect(curves.loss.value.length).toBeGreaterThan(0);
  child.kill("SIGTERM");
  expect(await exit).toBe(143);
  await expect(call(`${url}/healthz`)).rejects.toThrow(/ECONNREFUSED/);
});

it.each([
  ["--plain", (out: string) => out.trimEnd().split("\n").at(-1)!],
  ["--json", (out: string) => JSON.parse(out.trimEnd().split("\n").at(-1)!).message as string],
])("train --http %s keeps serving when all is trained, says so last, and ends with 0 on Ctrl-C", async (output, lastMessage) => {
  const run = ["--model", "compact", "--epochs", "1", "--http", "0", "--run", `kept${output}`, "--checkpoint-dir", dir];
  const env = { ...process.env, SSH_CONNECTION: "192.0.2.7 50000 192.0.2.1 2222" };
  const child = spawn(process.execPath, [program, ...training.slice(0, -1), output, ...run], { env });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let out = "";
  child.stdout.on("data", (data) => {
    out += data;
  });
  const exit = new Promise((resolve) => child.on("close", resolve));
  await until(() => /Training is over; .*Ctrl-C\./.test(out));
  await until(() => out.endsWith("\n"));
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(out)![0];
  expect(lastMessage(out)).toBe(`Training is over; predictions and curves stay on ${url} until Ctrl-C.`);
  expect(out).toMatch(new RegExp(`ssh -p 2222 -L (\\d+):127\\.0\\.0\\.1:\\1 \\S+@192\\.0\\.2\\.1, then open ${url}`));
  await until(async () => (await call(`${url}/readyz`)).status === 200);
  const { models } = (await call(`${url}/get_training_data`)).json;
  expect(models).toMatchObject([{ status: "done", epoch: 1 }]);
  child.kill("SIGINT");
  expect(await exit).toBe(0);
});

it("the dashboard shows the server's address at the top, also when all is trained, however narrow it is", async () => {
  const run = ["--model", "compact", "--epochs", "1", "--http", "0", "--run", "shown", "--checkpoint-dir", dir];
  const screen = new Session({ columns: 60, rows: 20, mnistTui: [...training.slice(0, -1), ...run] });
  try {
    const top = () => screen.screen()[0];
    await until(() => /^ http:\/\/127\.0\.0\.1:\d+ /.test(top()));
    await until(() => /^ http:\/\/127\.0\.0\.1:\d+ .*finished/.test(top()));
    const url = /http:\S+/.exec(top())![0];
    await until(async () => (await call(`${url}/readyz`)).status === 200);
    screen.press("q");
    expect((await screen.end()).code).toBe(0);
    await expect(call(`${url}/healthz`)).rejects.toThrow(/ECONNREFUSED/);
  } finally {
    screen.dispose();
  }
});

it("train --http with a port in use begins nothing", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.on("listening", resolve));
  const { port } = other.address() as AddressInfo;
  const place = join(dir, "taken");
  const { status, stderr } = spawnSync(
    process.execPath,
    [program, ...training, "--model", "compact", "--http", String(port), "--checkpoint-dir", place],
    {
      encoding: "utf8",
    },
  );
  other.close();
  expect(stderr).toContain(
    `mnist-tui: Cannot serve on 127.0.0.1: port ${port} is in use; choose another with --port, or 0 for any free one.\n`,
  );
  expect(status).toBe(1);
  expect(await readdir(place).catch(() => [])).toEqual([]);
});
