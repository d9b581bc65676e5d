import { afterEach, expect, it, vi } from "vitest";
import { FrameScheduler } from "../../dist/ui/tui/frame-scheduler.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Starts a scheduler, which renders its first frame. @param cost of a frame, in ms @returns `times` of the frames, in ms since the first one */
function scheduled(cost = 0): { frames: FrameScheduler; times: number[] } {
  vi.useFakeTimers();
  const elapsed = performance.now.bind(performance);
  let spent = 0;
  vi.spyOn(performance, "now").mockImplementation(() => elapsed() + spent);
  const started = performance.now();
  const times: number[] = [];
  const frames = new FrameScheduler(() => {
    times.push(performance.now() - started);
    spent += cost;
  });
  frames.renderNow();
  return { frames, times };
}

/** Sends an event every 10 ms. */
function events(frames: FrameScheduler, milliseconds: number): void {
  for (let time = 0; time < milliseconds; time += 10) {
    frames.afterEvent();
    vi.advanceTimersByTime(10);
  }
}

it("renders ten times a second while events come, and not at all without events", () => {
  const { frames, times } = scheduled();
  events(frames, 1000);
  expect(times).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  vi.advanceTimersByTime(60_000);
  expect(times).toHaveLength(11);
});

it("renders less often where frames are slow", () => {
  const dear = scheduled(3);
  events(dear.frames, 1000);
  expect(dear.times.slice(0, 4)).toEqual([0, 200, 400, 600]);
});

it("renders twice a second at least", () => {
  const dearest = scheduled(40);
  events(dearest.frames, 1500);
  expect(dearest.times.slice(0, 3)).toEqual([0, 500, 1000]);
});

it("renders 30 ms after the last frame when a key comes, also where a frame is due later, and stays quick for two seconds", () => {
  const { frames, times } = scheduled(40);
  vi.advanceTimersByTime(10);
  frames.afterEvent();
  frames.afterInput();
  vi.advanceTimersByTime(1);
  expect(times).toEqual([0, 50]);
  events(frames, 400);
  expect(times.length).toBeGreaterThan(4);
});

it("renders one frame for many keys and resizes", () => {
  const { frames, times } = scheduled();
  for (let count = 0; count < 50; count++) {
    frames.afterResize();
    frames.afterInput();
  }
  vi.advanceTimersByTime(1000);
  expect(times).toEqual([0, 30]);
});

it("goes on when the wall clock is set back", () => {
  const { frames, times } = scheduled();
  vi.setSystemTime(Date.now() - 3_600_000);
  frames.afterEvent();
  vi.advanceTimersByTime(100);
  expect(times).toHaveLength(2);
});

it("renders nothing once it is stopped", () => {
  const { frames, times } = scheduled();
  frames.afterEvent();
  frames.stop();
  frames.afterInput();
  frames.renderNow();
  vi.advanceTimersByTime(1000);
  expect(times).toEqual([0]);
});
