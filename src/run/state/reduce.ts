import { plainText } from "../../util/plain-text.js";
import type { RunEvent } from "../events.js";
import { emptyCurve } from "./curve.js";
import { measured } from "./machine.js";
import { appendBounded, newModel, reduceModel, workSeconds } from "./model.js";
import { noteOf } from "./notes.js";
import { finite } from "./numbers.js";
import type { LogLine, RunState } from "./state.js";

const logLimit = 500;

/** The state before the first event. */
export function initialState(): RunState {
  return { run: "", models: [], log: [], gpus: [], hostMemory: { total: 0, used: emptyCurve }, elapsed: 0 };
}

/**
 * Pure: the state after one more event. An event of an unknown type changes nothing, so that older programs can watch newer runs.
 * Amortized constant time; a run of 20,000 events a model takes well under a second.
 */
export function reduce(state: RunState, event: RunEvent): RunState {
  const name = plainText(event.model);
  const index = state.models.findIndex((model) => model.name === name);
  const before = index < 0 ? newModel(name) : state.models[index];
  const after = reduceModel(before, event, state.elapsed);
  const models = index < 0 ? [...state.models, after] : state.models.with(index, after);
  const elapsed = Math.max(state.elapsed, after.origin.elapsed + workSeconds(after));
  const note = noteOf(event, name, finite(event.time) ?? state.log.at(-1)?.time ?? 0);
  const machine = event.type === "device" ? measured(state, event, elapsed) : state;
  return {
    gpus: machine.gpus,
    gpuReadings: machine.gpuReadings,
    hostMemory: machine.hostMemory,
    run: state.run || plainText(event.run),
    models,
    log: note === undefined ? state.log : appendBounded(state.log, note, logLimit),
    elapsed,
  };
}

/** A line for the log that no trainer wrote: the dashboard's own, or stray output of this process. */
export function withNote(state: RunState, level: LogLine["level"], message: string, time: number): RunState {
  return { ...state, log: appendBounded(state.log, { time, model: "", level, message: plainText(message) }, logLimit) };
}
