import type { RunEvent } from "../run/events.js";
import type { View } from "./view.js";

export interface JsonOptions {
  write(text: string): void;
}

/** One event a line, as `train --json` prints them. Numbers that are not finite become null. */
export function createJson(options: JsonOptions): View {
  return {
    event(event: RunEvent): void {
      options.write(`${JSON.stringify(event)}\n`);
    },
    async close(): Promise<void> {},
  };
}
