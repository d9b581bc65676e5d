import { existsSync } from "node:fs";
import type { ModelConfig } from "../config/types.js";
import type { RunPaths } from "../run/directory.js";
import type { RunEvent } from "../run/events.js";
import { readEvents } from "../run/log.js";
import { UserError } from "../util/errors.js";

/**
 * @param onDamage called with a sentence for each log that can be read in part only
 * @returns the logs' events as mergedLogs orders them
 */
export async function pastEvents(run: RunPaths, models: readonly ModelConfig[], onDamage: (message: string) => void): Promise<RunEvent[]> {
  const logs: RunEvent[][] = [];
  for (const model of models) {
    const file = run.model(model.name).events;
    if (!existsSync(file)) continue;
    const events: RunEvent[] = [];
    try {
      for await (const event of readEvents(file)) events.push(event);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      onDamage(`${error.message} The rest of it is not shown.`);
    }
    logs.push(events);
  }
  return mergedLogs(logs);
}

/**
 * Puts several logs into one order. Each log keeps its own, whatever its clock did: an event is as late as the latest event before it in
 * its log. By that time the logs are merged; but each log's first event comes first, since views show models in the order of their first events.
 */
export function mergedLogs(logs: readonly (readonly RunEvent[])[]): RunEvent[] {
  const rest = logs.flatMap((events) => {
    let latest = Number.NEGATIVE_INFINITY;
    return events.slice(1).map((event) => {
      if (event.time > latest) latest = event.time;
      return { event, latest };
    });
  });
  // The sort is stable: events of one log that are equally late stay in their order.
  rest.sort((a, b) => (a.latest === b.latest ? 0 : a.latest - b.latest));
  return [...logs.flatMap((events) => events.slice(0, 1)), ...rest.map(({ event }) => event)];
}
