import { appendFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { followEvents } from "../../dist/run/follow.js";

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-follow-"));
  file = join(dir, "events.jsonl");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const line = (time: number) => `${JSON.stringify({ type: "log", run: "r", model: "m", time, level: "info", message: "é" })}\n`;

it("following a log waits for the file, yields its events and later ones, joins torn lines and survives a cut", async () => {
  const abort = new AbortController();
  const seen: number[] = [];
  const waiters: (() => void)[] = [];
  const reading = (async () => {
    for await (const { time } of followEvents(file, abort.signal)) {
      seen.push(time);
      for (const wake of waiters.splice(0)) wake();
    }
  })();
  const until = async (count: number) => {
    while (seen.length < count) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  await writeFile(file, line(1) + line(2).slice(0, 20));
  await until(1);
  await appendFile(file, line(2).slice(20));
  await until(2);
  // A crash tears a line; the log's next writer cuts it off and goes on.
  await appendFile(file, line(99).slice(0, 30));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await truncate(file, Buffer.byteLength(line(1) + line(2)));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await appendFile(file, `garbage\n${line(3)}`);
  await until(3);
  abort.abort();
  await reading;
  expect(seen).toEqual([1, 2, 3]);
});
