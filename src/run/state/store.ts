import type { RunEvent } from "../events.js";
import { initialState, reduce, withNote } from "./reduce.js";
import type { LogLine, RunState } from "./state.js";

/** Called after every change. `event` is the one that made it; undefined for a past that was replayed, and for a note. */
type RunListener = (state: RunState, event: RunEvent | undefined) => void;

/** The state of a run in this process. Every event is reduced here, once; dashboard, lines, page and summary all look at the result. */
export class RunStore {
  private current = initialState();
  private readonly listeners = new Set<RunListener>();

  get state(): RunState {
    return this.current;
  }

  apply(event: RunEvent): void {
    this.change(reduce(this.current, event), event);
  }

  /** Events of a resumed run's past: they shape the state, but no view tells them as news. */
  replay(events: Iterable<RunEvent>): void {
    let state = this.current;
    for (const event of events) state = reduce(state, event);
    this.change(state, undefined);
  }

  /** A line for the log that no trainer wrote. @param time ms since the Unix epoch */
  note(level: LogLine["level"], message: string, time: number): void {
    this.change(withNote(this.current, level, message, time), undefined);
  }

  /** @returns ends the subscription */
  subscribe(listener: RunListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private change(state: RunState, event: RunEvent | undefined): void {
    this.current = state;
    for (const listener of this.listeners) listener(state, event);
  }
}
