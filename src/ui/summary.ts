import { accuracyDifference } from "../run/state/difference.js";
import { datasetText, differenceText, divergenceText, doneText } from "../run/state/notes.js";
import { meanSpeed } from "../run/state/progress.js";
import type { ModelState, RunState } from "../run/state/state.js";
import { formatCount, formatDuration, formatPercent, formatSpeed } from "./format.js";

/**
 * The summary that stays on the normal screen after a run: one table row a model, how its figures are to be read, then how each ended.
 * Plain text without escape codes; empty before the first event.
 */
export function summaryLines(state: RunState): string[] {
  const { models } = state;
  if (models.length === 0) return [];
  const first = models[0];
  const dataset = first.start ? `, ${datasetText(first.start.dataset)}` : "";
  const columns = ["model", "parameters", "epochs", "test accuracy", "best (epoch)", "mean images/s", "time"];
  const cells = [columns, ...models.map(row).map((cell) => columns.map((heading) => cell[heading]))];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const table = cells.map((line) =>
    line
      .map((text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column])))
      .join("  ")
      .trimEnd(),
  );
  return [`run ${state.run}${dataset}`, ...table, ...readingLines(models), ...outcomeLines(state)];
}

/** How the table's figures are to be read, and how those of three and more models differ from the first one's. */
function readingLines(models: readonly ModelState[]): string[] {
  const [first, ...others] = models;
  const differences = others.flatMap(({ name }, index) => {
    const difference = accuracyDifference(first, others[index]);
    return difference === undefined ? [] : [{ name, difference }];
  });
  const lines: string[] = [];
  if (models.some(({ best }) => best !== undefined)) lines.push("best: chosen on the test images, which makes it a little too good");
  if (differences.length > 0)
    lines.push("differences: of the test accuracy after the last epoch, ± the 95 % interval on these test images");
  if (differences.some(({ difference }) => difference.kind === "bound"))
    lines.push("at most: the logs do not say which test images were read wrong; the widest possible interval is shown");
  if (differences.length > 1)
    lines.push(...differences.map(({ name, difference }) => `difference from ${first.name}: ${name} ${differenceText(difference)}`));
  return lines;
}

/** Where there are several models, which one leads; then how each ended. */
export function outcomeLines(state: RunState): string[] {
  const lines = state.models.map((model) => `${model.name}: ${outcome(model)}`);
  const ranked = state.models
    .filter(({ testLoss, testAccuracy }) => Number.isFinite(testLoss) && Number.isFinite(testAccuracy))
    .sort((a, b) => b.testAccuracy! - a.testAccuracy!);
  if (ranked.length > 1) {
    const [first, second] = ranked;
    const difference = accuracyDifference(second, first);
    const how = difference?.value === 0 ? "is level with" : "leads";
    lines.unshift(`last epoch: ${first.name} ${how} ${second.name}, ${differenceText(difference)}`);
  }
  return lines;
}

function row(model: ModelState): Record<string, string> {
  const best = model.best;
  return {
    model: model.name,
    parameters: formatCount(model.start?.parameters),
    epochs: String(Number(model.epoch.toFixed(2))),
    "test accuracy": formatPercent(model.testAccuracy),
    "best (epoch)": best === undefined ? "–" : `${formatPercent(best.accuracy)} (${Number(best.epoch.toFixed(2))})`,
    "mean images/s": formatSpeed(meanSpeed(model)),
    time: formatDuration(model.seconds),
  };
}

function outcome(model: ModelState): string {
  if (model.status === "failed") return `failed: ${model.error}`;
  const how = model.done !== undefined ? doneText(model.done) : `not finished, at step ${formatCount(model.step)}`;
  const divergence = divergenceText(model);
  return divergence === undefined ? how : `${how}, but ${divergence}`;
}
