import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../dist/run/events.js";
import { EventLog, readEvents } from "../../dist/run/log.js";
import { UserError } from "../../dist/util/errors.js";

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-log-"));
  file = join(dir, "run", "simple", "events.jsonl");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const event = (step: number, message = `step ${step} ✓`): RunEvent => ({
  type: "log",
  run: "r",
  model: "simple",
  time: step,
  level: "info",
  message,
});
const all = async () => {
  const events: RunEvent[] = [];
  for await (const one of readEvents(file)) events.push(one);
  return events;
};
async function write(...events: RunEvent[]): Promise<void> {
  const log = EventLog.open(file);
  for (const one of events) log.append(one);
  await log.close();
}

describe("event log", () => {
  it("appends over several openings and reads all in order", async () => {
    await write(event(1), event(2));
    await write(event(3));
    expect(await all()).toEqual([event(1), event(2), event(3)]);
  });

  it("has every event in the file as soon as it is appended", async () => {
    const log = EventLog.open(file);
    log.append(event(1));
    expect(await all()).toEqual([event(1)]);
    await log.close();
  });

  it("goes on with a new line wherever a crash cut the last one", async () => {
    await write(event(1));
    const first = (await stat(file)).size;
    await write(event(2));
    const whole = await readFile(file);
    for (let length = first; length < whole.length; length++) {
      await writeFile(file, whole.subarray(0, length));
      expect(await all()).toEqual([event(1)]);
      await write(event(3));
      expect(await all()).toEqual([event(1), event(3)]);
    }
  });

  it("cuts zeros that a crashed file system left, over more than one block", async () => {
    await write(event(1), event(2, "x".repeat(200_000)));
    const whole = (await stat(file)).size;
    await truncate(file, whole + 150_000);
    await write(event(3));
    expect((await all()).map(({ time }) => time)).toEqual([1, 2, 3]);
  });

  it("starts empty where no whole line is left", async () => {
    await write();
    await appendFile(file, '{"type":"lo');
    await write(event(1));
    expect(await all()).toEqual([event(1)]);
  });

  it("gives back a loss of NaN as NaN", async () => {
    const base = { type: "step", run: "r", model: "m", time: 1, epoch: 1, step: 1, accuracy: 0.1, learningRate: 0.1 } as const;
    await write({ ...base, loss: Number.NaN, imagesPerSecond: 1, batchesPerSecond: 1 });
    expect(await all()).toEqual([expect.objectContaining({ loss: Number.NaN })]);
  });

  it("names the damaged line in the middle of a file", async () => {
    await write(event(1));
    await appendFile(file, "garbage\n");
    const tail = await readFile(file);
    await writeFile(file, Buffer.concat([tail, Buffer.from(`${JSON.stringify(event(2))}\n`)]));
    await expect(all()).rejects.toThrow(/events\.jsonl is damaged: line 2 is not an event/);
  });

  it("fails with an explanation where the file is missing or cannot be created", async () => {
    await expect(all()).rejects.toThrow(/^Cannot read .*events\.jsonl: no such file or folder\.$/);
    await writeFile(join(dir, "run"), "");
    expect(() => EventLog.open(file)).toThrow(UserError);
    expect(() => EventLog.open(file)).toThrow(/^Cannot write .*events\.jsonl: .*--checkpoint-dir\.$/);
  });
});
