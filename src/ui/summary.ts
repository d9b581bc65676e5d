import { datasetText, doneText } from "../run/state/notes.js";
import type { ModelState, RunState } from "../run/state/state.js";
import { formatCount, formatDuration, formatPercent, formatPoints, formatSpeed } from "./format.js";

/**
 * The summary that stays on the normal screen after a run: one table row a model, then how each ended.
 * Plain text without escape codes; empty before the first event.
 */
export function summaryLines(state: RunState): string[] {
  const { models } = state;
  if (models.length === 0) return [];
  const first = models[0];
  const dataset = first.start ? `, ${datasetText(first.start.dataset)}` : "";
  const rows = models.map((model) => row(model, first));
  const headings = ["model", "parameters", "epochs", "test accuracy", "best (epoch)", "difference", "images/s", "time"];
  const columns = models.length > 1 ? headings : headings.filter((heading) => heading !== "difference");
  const cells = [columns, ...rows.map((cell) => columns.map((heading) => cell[heading]))];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const table = cells.map((line) =>
    line
      .map((text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column])))
      .join("  ")
      .trimEnd(),
  );
  return [`run ${state.run}${dataset}`, ...table, ...outcomeLines(state)];
}

/** Where there are several models, which one is best; then how each ended. */
export function outcomeLines(state: RunState): string[] {
  const lines = state.models.map((model) => `${model.name}: ${outcome(model)}`);
  const ranked = state.models.filter((model) => model.best !== undefined).sort((a, b) => b.best!.accuracy - a.best!.accuracy);
  if (ranked.length > 1) {
    const [first, second] = ranked;
    const lead = first.best!.accuracy - second.best!.accuracy;
    const ahead = lead < 0.00005 ? `level with ${second.name}` : `${formatPoints(lead).slice(1)} points ahead of ${second.name}`;
    lines.unshift(`best: ${first.name} with ${formatPercent(first.best!.accuracy)} on the test images, ${ahead}`);
  }
  return lines;
}

function row(model: ModelState, first: ModelState): Record<string, string> {
  const best = model.best;
  const difference = model === first || best === undefined || first.best === undefined ? undefined : best.accuracy - first.best.accuracy;
  const speeds = model.epochs.map((epoch) => epoch.imagesPerSecond).filter(Number.isFinite);
  const speed = speeds.length > 0 ? speeds.reduce((sum, value) => sum + value, 0) / speeds.length : model.imagesPerSecond;
  return {
    model: model.name,
    parameters: formatCount(model.start?.parameters),
    epochs: String(Number(model.epoch.toFixed(2))),
    "test accuracy": formatPercent(model.testAccuracy),
    "best (epoch)": best === undefined ? "–" : `${formatPercent(best.accuracy)} (${Number(best.epoch.toFixed(2))})`,
    difference: formatPoints(difference),
    "images/s": formatSpeed(speed),
    time: formatDuration(model.done?.seconds ?? model.seconds),
  };
}

function outcome(model: ModelState): string {
  if (model.status === "failed") return `failed: ${model.error}`;
  if (model.done !== undefined) return doneText(model.done);
  return `not finished, at step ${formatCount(model.step)}`;
}
