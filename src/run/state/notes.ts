import { plainText } from "../../util/plain-text.js";
import type { DoneEvent, RunEvent } from "../events.js";
import type { Difference } from "./difference.js";
import type { LogLine, ModelState } from "./state.js";

/** @returns the line that the log gets for an event, or undefined where it gets none */
export function noteOf(event: RunEvent, model: string, time: number): LogLine | undefined {
  const note = (level: LogLine["level"], message: string): LogLine => ({ time, model, level, message: plainText(message) });
  switch (event.type) {
    case "start":
      return note("info", event.step > 0 ? `resumes at step ${event.step} on ${event.device}` : `trains on ${event.device}`);
    case "log":
      return note(event.level, event.message);
    case "checkpoint":
      // The one at every epoch's end goes without saying.
      return event.kind === "last" && Number.isInteger(event.epoch)
        ? undefined
        : note("info", `saved ${event.kind} checkpoint, epoch ${Number(event.epoch.toFixed(2))}`);
    case "pause":
      return note("info", `paused at step ${event.step}`);
    case "resume":
      return note("info", `goes on at step ${event.step}`);
    case "done":
      return note("info", doneText(event));
    case "error":
      return note("error", event.message);
    default:
      return undefined;
  }
}

/** "completed", "stopped early: no more improvement", … */
export function doneText(event: DoneEvent): string {
  const reasons: Record<DoneEvent["reason"], string> = {
    completed: "completed",
    "early-stop": "stopped early, no more improvement",
    stopped: "stopped, best kept",
    interrupted: "interrupted, can be resumed",
  };
  return reasons[event.reason] ?? plainText(event.reason);
}

/** @returns since when a model's losses are no numbers, in words; undefined where all are */
export function divergenceText({ diverged }: ModelState): string | undefined {
  return diverged === undefined ? undefined : `its loss stopped being a number by step ${diverged}`;
}

/** A difference of accuracies in percentage points with its 95 % interval: "+0.42 % ± 0.21", "−0.10 % ± 0.15, within noise"; "–" for none */
export function differenceText(difference: Difference | undefined): string {
  if (difference === undefined) return "–";
  const { value, margin, kind, withinNoise } = difference;
  const points = `${value < 0 ? "−" : "+"}${(Math.abs(value) * 100).toFixed(2)} % ± ${(margin * 100).toFixed(2)}`;
  // What the widest interval holds need not be in the true one.
  if (kind === "bound") return `${points} at most${withinNoise ? ", may be noise" : ""}`;
  return `${points}${withinNoise ? ", within noise" : ""}`;
}

/** @returns a dataset's name as views show it: generated digits stand out, since accuracies on them tell little of real ones */
export function datasetText(name: string): string {
  return name === "synthetic" ? "SYNTHETIC digits" : name;
}
