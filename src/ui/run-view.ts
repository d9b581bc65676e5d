/** Shows a run as it changes: lines, JSON, a dashboard. It looks at a RunStore, and hears of its changes. */
export interface RunView {
  /** Shows the rest and lets go of the terminal. May be called more than once. */
  close(): Promise<void>;
}
