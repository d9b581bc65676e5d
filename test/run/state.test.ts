import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../dist/run/events.js";
import { appendPoint, curveCap, curvePoints, emptyCurve, truncateCurve } from "../../dist/run/state/curve.js";
import { meanSpeed, runProgress, secondsLeft, secondsToTarget } from "../../dist/run/state/progress.js";
import { initialState, reduce } from "../../dist/run/state/reduce.js";
import type { RunState } from "../../dist/run/state/state.js";
import { fakeRun, fakeStart } from "./fake-run.js";

function play(events: Iterable<RunEvent>, from: RunState = initialState()): RunState {
  let state = from;
  for (const event of events) state = reduce(state, event);
  return state;
}

/** All that a view can read of a state, with curves as lists of their points. */
function visible(state: RunState): string {
  return JSON.stringify(state, (_, value) =>
    value !== null && typeof value === "object" && "buffer" in value ? curvePoints(value) : value,
  );
}

const two = { models: ["simple", "residual"], epochs: 3, stepsPerEpoch: 20, chunk: 5 };

describe("reduce", () => {
  it("adds up a whole run of two models", () => {
    const state = play(fakeRun(two));
    expect(state.models.map((model) => model.name)).toEqual(["simple", "residual"]);
    for (const model of state.models) {
      expect(model.status).toBe("done");
      expect(model.step).toBe(60);
      expect(model.epochs).toHaveLength(3);
      expect(model.evaluations).toHaveLength(3);
      expect(model.curves.loss.length).toBe(12);
      expect(model.curves.testAccuracy.length).toBe(3);
      expect(model.best!.accuracy).toBe(Math.max(...model.evaluations.map((evaluation) => evaluation.testAccuracy)));
    }
    expect(runProgress(state)).toEqual({ fraction: 1, secondsLeft: 0, running: 0 });
  });

  it("never changes an earlier state", () => {
    const events = [...fakeRun(two)];
    const half = play(events.slice(0, 20));
    const before = visible(half);
    const one = play(events.slice(20), half);
    const other = play(events.slice(20), half);
    const after = visible(half);
    expect(after === before).toBe(true);
    expect(curvePoints(one.models[0].curves.loss)).toEqual(curvePoints(other.models[0].curves.loss));
  });

  it("keeps NaN and null out of the curves and in the newest values", () => {
    const [start] = fakeRun(two);
    const step = {
      run: "r",
      model: "simple",
      time: fakeStart + 1000,
      type: "step",
      epoch: 0.1,
      step: 2,
      accuracy: 0.1,
      learningRate: 0.1,
    } as const;
    const state = play([
      start,
      { ...step, loss: Number.NaN, imagesPerSecond: Number.POSITIVE_INFINITY, batchesPerSecond: 1 },
      { ...step, loss: null as unknown as number, imagesPerSecond: 10, batchesPerSecond: 1 },
    ]);
    expect(state.models[0].curves.loss.length).toBe(0);
    expect(state.models[0].curves.imagesPerSecond.length).toBe(1);
    expect(state.models[0].loss).toBeNaN();
  });

  it("strips control characters from names and messages", () => {
    const state = play([
      {
        run: "r\u001b[2J",
        model: "a\u0007b",
        time: 1,
        type: "log",
        level: "info",
        message: "\u001b]0;title\u0007x\u001b[31my\r\nz\u009b1m\u202e",
      },
    ]);
    expect(state.run).toBe("r");
    expect(state.models[0].name).toBe("ab");
    expect(state.log[0].message).toBe("xy z");
  });

  it("does not count pauses and evaluations as training time", () => {
    const events = [...fakeRun({ ...two, models: ["simple"] })];
    const half = events.findIndex((event) => event.type === "step" && event.step === 25);
    const pause = { run: "r", model: "simple", time: fakeStart + 1e7, step: 25 } as const;
    const paused = play([...events.slice(0, half + 1), { ...pause, type: "pause" }]);
    expect(paused.models[0].status).toBe("paused");
    const resumed = play([{ ...pause, type: "resume" }, ...events.slice(half + 1)], paused);
    // 36 ms a step, and an evaluation of 0.3 s after each of three epochs.
    expect(resumed.models[0].seconds).toBeCloseTo((60 * 512) / 14_200, 6);
    expect(resumed.models[0].evaluationSeconds).toBeCloseTo(0.9, 6);
    expect(resumed.elapsed).toBeCloseTo((60 * 512) / 14_200 + 0.9, 6);
  });

  it("counts the same durations whatever the clock does, also in a log without training time", () => {
    const jumps = [0, 1.8e13, -4e11, 5, -1e9];
    for (const log of ["new", "old"]) {
      const events = [...fakeRun({ ...two, gpus: 1 })].map((event) => {
        if (log === "new" || event.type !== "step") return event;
        const { seconds: _, ...old } = event;
        return old;
      });
      const steady = play(events.slice(0, -3));
      const jumping = play(events.slice(0, -3).map((event, index) => ({ ...event, time: event.time + jumps[index % jumps.length] })));
      expect(jumping.elapsed).toBe(steady.elapsed);
      expect(curvePoints(jumping.hostMemory.used)).toEqual(curvePoints(steady.hostMemory.used));
      expect(curvePoints(jumping.gpus[0].memory)).toEqual(curvePoints(steady.gpus[0].memory));
      jumping.models.forEach((model, index) => {
        expect(model.seconds).toBe(steady.models[index].seconds);
        expect(secondsLeft(model)).toBe(secondsLeft(steady.models[index]));
        expect(model.evaluations.map(({ seconds }) => seconds)).toEqual(steady.models[index].evaluations.map(({ seconds }) => seconds));
      });
      expect(steady.models[0].seconds).toBeCloseTo((60 * 512) / 14_200, 6);
      expect(steady.models[1].seconds).toBeCloseTo((60 * 512) / 3_900, 6);
    }
  });

  it("goes on with the run's time where a resume begins, and never back", () => {
    const events = [...fakeRun({ ...two, models: ["simple"], epochs: 8 })];
    const start = events[0] as Extract<RunEvent, { type: "start" }>;
    const crashed = play(events.slice(0, -3));
    const resumed = play(
      [
        { ...start, time: 5, step: 40 },
        ...events.filter((event) => (event.type === "step" || event.type === "device") && event.time > fakeStart + 2500),
      ],
      crashed,
    );
    const memory = curvePoints(resumed.hostMemory.used).map(({ seconds }) => seconds);
    expect(memory.length).toBeGreaterThan(curvePoints(crashed.hostMemory.used).length);
    expect(memory).toEqual([...memory].sort((a, b) => a - b));
    expect(resumed.models[0].seconds).toBeCloseTo((160 * 512) / 14_200, 6);
  });

  it("drops the measurements of steps that a resumed run trains a second time", () => {
    const events = [...fakeRun({ ...two, models: ["simple"] })];
    const cut = events.slice(
      0,
      events.findIndex((event) => event.type === "step" && event.step === 50),
    );
    const resumed = play([...cut, { ...(events[0] as Extract<RunEvent, { type: "start" }>), time: fakeStart + 1e6, step: 40 }]);
    const model = resumed.models[0];
    expect(model.step).toBe(40);
    expect(Math.max(...curvePoints(model.curves.loss).map((point) => point.step))).toBe(40);
    expect(model.epochs.map((row) => row.epoch)).toEqual([1, 2]);
    const next = reduce(resumed, events.find((event) => event.type === "step" && event.step === 45)!);
    expect(next.models[0].seconds - resumed.models[0].seconds).toBeCloseTo((5 * 512) / 14_200, 6);
    expect(curvePoints(next.models[0].curves.loss).at(-1)!.step).toBe(45);
  });

  it("has the speed of the whole training, whatever the pace of the newest steps, also over a resume and a smaller last batch", () => {
    const events = [...fakeRun({ ...two, models: ["simple"], gpus: 1 })];
    const start = { ...(events[0] as Extract<RunEvent, { type: "start" }>), trainSamples: 20 * 512 - 100 };
    const step = (at: number, seconds: number, imagesPerSecond: number): RunEvent => ({
      ...(events.find(({ type }) => type === "step") as Extract<RunEvent, { type: "step" }>),
      ...{ step: at, epoch: at / 20, seconds, imagesPerSecond },
    });
    expect(meanSpeed(play([start]).models[0])).toBeUndefined();
    const half = play([start, step(10, 1, 5120), step(20, 4, 1700), step(25, 5, 2560)]);
    expect(meanSpeed(half.models[0])).toBeCloseTo((25 * 512 - 100) / 5, 9);
    const resumed = play([events.find(({ type }) => type === "device")!, { ...start, step: 20 }], half).models[0];
    expect(meanSpeed(resumed)).toBeCloseTo((20 * 512 - 100) / 4, 9);
    expect([resumed.imagesPerSecond, resumed.device]).toEqual([undefined, undefined]);
    const ended = play([step(40, 14, 9999)], { ...half, models: [resumed] }).models[0];
    expect(meanSpeed(ended)).toBeCloseTo((40 * 512 - 200) / 14, 9);
  });

  it("says by which step a loss was no number, counts no such evaluation as the best, and takes it back with a resume before it", () => {
    const events = [...fakeRun({ ...two, models: ["simple"] })];
    const broken = events.map((event) => {
      if (event.type === "eval" && event.step === 40) return { ...event, testLoss: null as unknown as number, testAccuracy: 0.9999 };
      return event.type === "epoch" && event.step === 40 ? { ...event, testLoss: Number.NaN, best: true } : event;
    });
    const [model] = play(broken).models;
    expect(model.diverged).toBe(40);
    expect(model.epochs.map(({ best }) => best)).toEqual([true, false, true]);
    expect(model.best!.accuracy).toBeLessThan(0.9999);
    const start = events[0] as Extract<RunEvent, { type: "start" }>;
    expect(play([{ ...start, step: 20 }], play(broken)).models[0].diverged).toBeUndefined();
    expect(play([{ ...start, step: 60 }], play(broken)).models[0].diverged).toBe(40);
  });

  it("estimates the remaining time and the time to a target", () => {
    const events = [...fakeRun({ ...two, models: ["simple"] })];
    const state = play(
      events.slice(
        0,
        events.findIndex((event) => event.type === "step" && event.step === 35),
      ),
    );
    const model = state.models[0];
    const spent = model.seconds + model.evaluationSeconds;
    expect(secondsLeft(model)!).toBeCloseTo((spent * (60 - model.step)) / model.step, 6);
    expect(secondsToTarget(model, 0.5)).toBe(model.evaluations[0].seconds);
    expect(secondsToTarget(model, 1)).toBeUndefined();
  });

  it("marks a failed model and leaves the other as it was", () => {
    const events = [...fakeRun(two)].slice(0, 12);
    const before = play(events);
    const state = reduce(before, { run: "r", model: "simple", time: fakeStart + 9e5, type: "error", message: "out of memory" });
    expect(state.models[0]).toMatchObject({ status: "failed", error: "out of memory" });
    expect(state.models[1]).toBe(before.models[1]);
  });

  it("bounds its memory over 20,000 step events a model", () => {
    const state = play(fakeRun({ models: ["simple", "deep"], epochs: 40, stepsPerEpoch: 500, chunk: 1 }));
    for (const model of state.models) {
      expect(model.step).toBe(20_000);
      expect(model.curves.loss.length).toBeLessThanOrEqual(curveCap);
    }
    expect(state.log.length).toBeLessThanOrEqual(500);
  });
});

describe("curve", () => {
  it("keeps spikes when old points are merged", () => {
    let curve = emptyCurve;
    for (let step = 0; step < 50_000; step++) {
      const value = step === 12_345 ? 99 : step === 23_456 ? -99 : Math.sin(step / 100);
      curve = appendPoint(curve, { step, epoch: step, seconds: step, value });
    }
    const points = curvePoints(curve);
    expect(points.length).toBeLessThanOrEqual(curveCap);
    expect(points).toContainEqual({ step: 12_345, epoch: 12_345, seconds: 12_345, value: 99 });
    expect(points).toContainEqual({ step: 23_456, epoch: 23_456, seconds: 23_456, value: -99 });
    expect(points[0].step).toBe(0);
    expect(points.at(-1)!.step).toBe(49_999);
    expect(points.every((point, index) => index === 0 || point.step > points[index - 1].step)).toBe(true);
  });

  it("branches without mixing: two futures of one past", () => {
    const point = (step: number, value: number) => ({ step, epoch: 0, seconds: 0, value });
    const past = appendPoint(appendPoint(emptyCurve, point(1, 1)), point(2, 2));
    const left = appendPoint(past, point(3, 30));
    const right = appendPoint(past, point(3, 31));
    const cut = appendPoint(truncateCurve(left, 1), point(2, 20));
    expect(curvePoints(left).map((entry) => entry.value)).toEqual([1, 2, 30]);
    expect(curvePoints(right).map((entry) => entry.value)).toEqual([1, 2, 31]);
    expect(curvePoints(cut).map((entry) => entry.value)).toEqual([1, 20]);
  });
});
