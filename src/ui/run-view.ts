/** Shows a run as it changes: lines, JSON, a dashboard. It looks at a RunStore, and hears of its changes. */
export interface RunView {
  /** Shows what is still to be shown and lets go of the terminal. May be called more than once. */
  close(): Promise<void>;
}
/** Shows a run as it changes: lines, JSON, a dashboard. It looks at a RunStore, and hears of its changes. */
export interface RunView {
  /** Shows what is still to be shown and lets go of the terminal. May be called more than once. */
  close(): Promise<void>;
}
