import { expect, test } from "vitest";
import type { RunEvent } from "../../dist/run/events.js";
import { RunStore } from "../../dist/run/state/store.js";
import { mergedLogs } from "../../dist/train/past-events.js";
import { summaryLines } from "../../dist/ui/summary.js";
import { fakeRun } from "../run/fake-run.js";

const run = { models: ["simple", "residual"], epochs: 2, stepsPerEpoch: 20, chunk: 5 };
const logsOf = (options: Partial<typeof run> = {}) =>
  run.models.map((model) => [...fakeRun({ ...run, ...options })].filter((event) => event.model === model));
const after = (milliseconds: number) => (event: RunEvent) => ({ ...event, time: event.time + milliseconds });

test("logs of a steady clock are merged by time, the models' first events first", () => {
  const logs = logsOf();
  const merged = mergedLogs(logs);
  expect(merged.slice(0, 2).map(({ type, model }) => `${type} ${model}`)).toEqual(["start simple", "start residual"]);
  const rest = merged.slice(2).map(({ time }) => time);
  expect(rest).toEqual([...rest].sort((a, b) => a - b));
  expect(merged).toHaveLength(logs[0].length + logs[1].length);
});

test.each([
  ["an hour back", -3_600_000],
  ["a century back", -3.2e12],
  ["an hour forward", 3_600_000],
])("after a clock that was set %s, every log keeps its order, and the summary of a resumed run shows its new figures", (_, jump) => {
  const [first, second] = [logsOf(), logsOf({ epochs: 4 })];
  const logs = first.map((events, index) => {
    const end = events.findIndex(({ type }) => type === "done");
    const start = { ...second[index][0], step: 40 } as RunEvent;
    const later = second[index].filter((event) => "step" in event && event.step > 40);
    return [...events.slice(0, end), ...[start, ...later].map(after(jump))];
  });
  const merged = mergedLogs(logs);
  logs.forEach((events, index) => {
    expect(merged.filter(({ model }) => model === run.models[index])).toEqual(events);
  });
  const store = new RunStore();
  store.replay(merged);
  const summary = summaryLines(store.state).join("\n");
  const newest = second[0].findLast((event) => event.type === "eval")!;
  expect(store.state.models.map(({ status, step, epochs }) => [status, step, epochs.length])).toEqual([
    ["done", 80, 4],
    ["done", 80, 4],
  ]);
  expect(store.state.models[0].testAccuracy).toBe(newest.testAccuracy);
  expect(summary).toContain("simple: completed");
  expect(summary).toMatch(new RegExp(`^simple .* 4 +${(newest.testAccuracy * 100).toFixed(2)} %`, "m"));
});
