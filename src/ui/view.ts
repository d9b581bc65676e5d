import type { RunEvent } from "../run/events.js";

/** Something that shows a run: lines, JSON, a dashboard. It only ever sees events. */
export interface View {
  event(event: RunEvent): void;
  /** Shows what is still to be shown and lets go of the terminal. May be called more than once. */
  close(): Promise<void>;
}
