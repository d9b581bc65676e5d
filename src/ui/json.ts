import type { RunStore } from "../run/state/store.js";
import type { RunView } from "./run-view.js";

interface JsonOptions {
  write(text: string): void;
}

/** One event a line, as `train --json` prints them. Numbers that are not finite become null. */
export function createJson(store: RunStore, { write }: JsonOptions): RunView {
  const unsubscribe = store.subscribe((_, event) => {
    if (event !== undefined) write(`${JSON.stringify(event)}\n`);
  });
  return {
    async close(): Promise<void> {
      unsubscribe();
    },
  };
}
