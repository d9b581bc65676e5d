import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../dist/run/events.js";
import { initialState, reduce } from "../../dist/run/state/reduce.js";
import { RunStore } from "../../dist/run/state/store.js";
import { createJson } from "../../dist/ui/json.js";
import { createLines } from "../../dist/ui/lines.js";
import { summaryLines } from "../../dist/ui/summary.js";
import { fakeRun, fakeStart } from "../run/fake-run.js";

const run = { models: ["simple", "residual"], epochs: 2, stepsPerEpoch: 40, chunk: 4 };

function collector() {
  const parts: string[] = [];
  return { write: (part: string) => void parts.push(part), text: () => parts.join("") };
}

async function linesOf(color: "none" | "ansi", progressSeconds?: number): Promise<string> {
  const output = collector();
  const store = new RunStore();
  const view = createLines(store, { write: output.write, color, progressSeconds });
  for (const event of fakeRun(run)) store.apply(event);
  await view.close();
  await view.close();
  return output.text();
}

describe("plain lines", () => {
  it("give device, data, parameters, one line for each epoch and the end, without an escape code", async () => {
    const text = await linesOf("none");
    expect(text).not.toContain("\u001b");
    expect(text).not.toContain("\r");
    const lines = text.split("\n");
    expect(lines).toContain("simple  device: CPU, AVX-512, 1 thread (engine native, threads 1)");
    expect(lines).toContain("simple  model: simple, 206,922 parameters");
    expect(lines.filter((line) => /^residual {2}epoch \d\/2: loss [\d.]+, accuracy/.test(line))).toHaveLength(2);
    expect(lines.filter((line) => /^simple {2}completed, test accuracy/.test(line))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith("run 2026"))).toHaveLength(1);
  });

  it("end with the last epoch's accuracy, the best one and how it was chosen, and the speed of the whole training", async () => {
    const lines = (await linesOf("none")).split("\n");
    expect(lines.find((line) => line.startsWith("simple  completed"))).toMatch(
      /^simple {2}completed, test accuracy 9\d\.\d\d %, best 9\d\.\d\d % \(epoch \d, chosen on test images\), 14,200 images\/s over the whole training, 2\.9 s of training$/,
    );
  });

  it("call no evaluation without a number the best, and say by which step the loss was none", async () => {
    const output = collector();
    const store = new RunStore();
    const view = createLines(store, { write: output.write, color: "none" });
    for (const event of fakeRun({ ...run, models: ["simple"] })) {
      store.apply(event.type === "eval" || event.type === "epoch" ? ({ ...event, testLoss: Number.NaN, best: true } as RunEvent) : event);
    }
    await view.close();
    expect(output.text()).toMatch(/^simple {2}epoch 1\/2: .*test loss NaN, .* s, its loss stopped being a number by step 40$/m);
    expect(output.text()).toMatch(/^simple {2}completed, .* of training, its loss stopped being a number by step 40$/m);
    expect(output.text()).toMatch(/^simple: completed, but its loss stopped being a number by step 40$/m);
    expect(output.text()).not.toMatch(/\(best\)|best \d/);
  });

  it("give the machine's figures once, and a trainer's figures with its progress", async () => {
    const told = async (gpus: number) => {
      const output = collector();
      const store = new RunStore();
      const view = createLines(store, { write: output.write, color: "none", progressSeconds: 1 });
      for (const event of fakeRun({ ...run, gpus })) store.apply(event);
      await view.close();
      return output.text().split("\n");
    };
    const without = await told(0);
    expect(without.filter((line) => line.includes("GPU"))).toEqual([
      "simple  machine: 5.1 GB of 16.0 GB RAM used (no GPU seen, host's figures)",
    ]);
    expect(without.some((line) => /images\/s, \d+ MB RAM, CPU \d+ %, .+ left$/.test(line))).toBe(true);
    const [machine, gpu] = (await told(1)).filter((line) => /^\w+ {2}(machine|GPU)/.test(line));
    expect(machine).toBe("simple  machine: 5.1 GB of 16.0 GB RAM used");
    expect(gpu).toMatch(/^simple {2}GPU 0: NVIDIA Example 80GB: 1\d\.\d GB of 80\.0 GB, \d+ %, 55 °C, \d+ W$/);
  });

  it("limit the rate of progress lines by the times of the events", async () => {
    const progress = (text: string) => text.split("\n").filter((line) => line.startsWith("residual  epoch") && line.includes("left"));
    const often = progress(await linesOf("none", 1));
    const seldom = progress(await linesOf("none", 4));
    expect(often.length).toBeGreaterThan(seldom.length);
    expect(seldom.length).toBeGreaterThan(0);
    expect(often[0]).toMatch(/epoch [\d.]+\/2, step \d+\/80, loss [\d.]+, accuracy [\d.]+ %, [\d,]+ images\/s, .+ left/);
  });

  it("have colours only where they are allowed", async () => {
    expect(await linesOf("ansi")).toContain("\u001b[");
  });

  it("skip replayed events, but go on from their state", async () => {
    const output = collector();
    const store = new RunStore();
    const view = createLines(store, { write: output.write, color: "none", progressSeconds: 0 });
    const events = [...fakeRun(run)];
    store.replay(events.slice(0, -1));
    expect(output.text()).toBe("");
    store.apply(events.at(-1)!);
    await view.close();
    expect(output.text()).toMatch(/^\w+ {2}completed, test accuracy/);
  });

  it("contain no control character of a message", () => {
    const output = collector();
    const store = new RunStore();
    createLines(store, { write: output.write, color: "none" });
    store.apply({ run: "r", model: "m", time: 1, type: "log", level: "warning", message: "a\u001b[2Jb\nc\u0007" });
    expect(output.text()).toBe("m  warning: ab c\n");
  });
});

describe("json", () => {
  it("prints each event on a line of its own and NaN as null", () => {
    const output = collector();
    const store = new RunStore();
    createJson(store, { write: output.write });
    const events = [...fakeRun(run)];
    for (const event of events) store.apply(event);
    store.apply({
      run: "r",
      model: "m",
      time: 1,
      type: "step",
      epoch: 0,
      step: 1,
      loss: Number.NaN,
      accuracy: 0,
      learningRate: 0,
      imagesPerSecond: 1,
      batchesPerSecond: 1,
    });
    const parsed = output
      .text()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(parsed.slice(0, -1)).toEqual(JSON.parse(JSON.stringify(events)));
    expect(parsed.at(-1).loss).toBeNull();
  });
});

describe("summary", () => {
  it("marks synthetic digits, as the lines do", () => {
    const [start] = fakeRun({ ...run, dataset: "synthetic" });
    expect(summaryLines(reduce(initialState(), start))[0]).toBe("run 2026-01-02T12-00-00, SYNTHETIC digits");
    const store = new RunStore();
    const output = collector();
    createLines(store, { write: output.write, color: "none" });
    store.apply(start);
    expect(output.text()).toMatch(/^simple {2}data: SYNTHETIC digits, [\d,]+ training/m);
  });

  it("is empty before the first event", () => {
    expect(summaryLines(initialState())).toEqual([]);
  });

  it("has one row for each model with the speed of its whole training, the difference of the leading two, and each one's end", () => {
    let state = initialState();
    for (const event of fakeRun({ ...run, epochs: 4 })) state = reduce(state, event);
    const before = summaryLines(state);
    state = reduce(state, { run: "r", model: "deep", time: fakeStart + 1e7, type: "error", message: "killed by SIGKILL" });
    const lines = summaryLines(state);
    expect(lines[0]).toContain("2026-01-02T12-00-00, mnist");
    expect(lines[2]).toMatch(/^simple {2,}206,922 +4 +9\d\.\d\d % +9\d\.\d\d % \(4\) +14,200 +5\.8 s$/);
    expect(lines[3]).toMatch(/^residual .* 3,900 +0:21$/);
    expect(lines).toContain("best: chosen on the test images, which makes it a little too good");
    expect(lines).toContain("differences: of the test accuracy after the last epoch, ± the 95 % interval on these test images");
    expect(lines.find((line) => line.startsWith("last epoch"))).toMatch(
      /^last epoch: simple leads residual, \+0\.\d\d % ± 0\.\d\d(, within noise)?$/,
    );
    expect(before.every((line) => line.length <= 100)).toBe(true);
    expect(lines).toContain("simple: completed");
    expect(lines).toContain("deep: failed: killed by SIGKILL");
  });

  it("compares three models with the first, and says where the logs cannot tell the errors apart", () => {
    let state = initialState();
    for (const event of fakeRun({ ...run, models: ["simple", "residual", "vgg"] })) {
      state = reduce(state, event.type === "eval" && event.model === "vgg" ? { ...event, wrong: undefined } : event);
    }
    const lines = summaryLines(state);
    expect(lines.filter((line) => /^difference from simple: (residual|vgg) [+−]\d\.\d\d % ± \d\.\d\d/.test(line))).toHaveLength(2);
    expect(lines.find((line) => line.includes(": vgg"))).toContain("at most");
    expect(lines.some((line) => line.startsWith("at most: the logs do not say"))).toBe(true);
  });
});
