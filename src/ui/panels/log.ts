import type { LogLine, RunState } from "../../run/state/state.js";
import { formatClock } from "../format.js";

interface LogRow {
  time: string;
  model: string;
  /** Ordinal of the model. */
  ordinal: number;
  level: LogLine["level"];
  message: string;
}

/** The newest `count` lines, or as many before the last `back`. */
export function logRows(state: RunState, count: number, back = 0): LogRow[] {
  const end = Math.max(Math.min(count, state.log.length), state.log.length - back);
  return state.log.slice(Math.max(0, end - count), end).map((line) => ({
    time: formatClock(line.time),
    model: line.model,
    ordinal: state.models.findIndex((model) => model.name === line.model),
    level: line.level,
    message: line.message,
  }));
}
