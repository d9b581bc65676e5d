import { ended } from "../../run/state/model.js";
import { fractionDone, runProgress, secondsLeft } from "../../run/state/progress.js";
import type { ModelState, RunState } from "../../run/state/state.js";
import { formatDuration, formatEpoch } from "../format.js";

export interface Gauge {
  label: string;
  /** Ordinal of the model, or -1 for the whole run. */
  model: number;
  /** In [0, 1]. */
  fraction: number;
  /** "epoch 2.4/5, 1:23 left" */
  text: string;
  tone: "normal" | "good" | "warning" | "error";
}

/** One gauge a model and one for the whole run where there are several. */
export function gauges(state: RunState): Gauge[] {
  const rows = state.models.map(
    (model, index): Gauge => ({ label: model.name, model: index, fraction: fractionDone(model), ...wording(model) }),
  );
  if (state.models.length > 1) {
    const run = runProgress(state);
    const left = run.running === 0 ? "done" : run.secondsLeft === undefined ? "" : `${formatDuration(run.secondsLeft)} left`;
    rows.push({ label: "run", model: -1, fraction: run.fraction, text: left, tone: run.running === 0 ? "good" : "normal" });
  }
  return rows;
}

/** "62 %"; never 100 % before the end, never more. */
export function percentText(fraction: number): string {
  return `${fraction >= 1 ? 100 : Math.min(99, Math.floor(Math.max(0, fraction) * 100))} %`;
}

function wording(model: ModelState): { text: string; tone: Gauge["tone"] } {
  const epochs = model.start === undefined ? "" : `/${model.start.epochs}`;
  const epoch = `epoch ${formatEpoch(model.epoch)}${epochs}`;
  if (model.status === "failed") return { text: "failed", tone: "error" };
  if (model.status === "starting") return { text: "starting …", tone: "normal" };
  if (ended(model)) return { text: model.done?.reason === "completed" ? "done" : (model.done?.reason ?? "done"), tone: "good" };
  if (model.status === "paused") return { text: `${epoch}, paused`, tone: "warning" };
  if (model.diverged !== undefined) return { text: `${epoch}, loss NaN since step ${model.diverged}`, tone: "error" };
  const left = secondsLeft(model);
  return { text: left === undefined ? epoch : `${epoch}, ${formatDuration(left)} left`, tone: "normal" };
}
