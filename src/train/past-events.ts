import { existsSync } from "node:fs";
import type { ModelConfig } from "../config/types.js";
import type { RunPaths } from "../run/directory.js";
import type { RunEvent } from "../run/events.js";
import { readEvents } from "../run/log.js";
import { UserError } from "../util/errors.js";

/**
 * @param onDamage hears of a log that can be read in part only
 * @returns the logs' events in order of time, but each model's first event first: views show models in the order they hear of them
 */
export async function pastEvents(run: RunPaths, models: readonly ModelConfig[], onDamage: (message: string) => void): Promise<RunEvent[]> {
  const first: RunEvent[] = [];
  const rest: RunEvent[] = [];
  for (const model of models) {
    const file = run.model(model.name).events;
    if (!existsSync(file)) continue;
    const events: RunEvent[] = [];
    try {
      for await (const event of readEvents(file)) events.push(event);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      onDamage(`${error.message} What it holds from there on is not shown.`);
    }
    first.push(...events.slice(0, 1));
    rest.push(...events.slice(1));
  }
  return [...first, ...rest.sort((a, b) => a.time - b.time)];
}
