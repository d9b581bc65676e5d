import { accuracyDifference } from "../../run/state/difference.js";
import { ended } from "../../run/state/model.js";
import { differenceText } from "../../run/state/notes.js";
import { finite } from "../../run/state/numbers.js";
import { allEnded, meanSpeed, secondsToTarget } from "../../run/state/progress.js";
import type { ModelState, RunState } from "../../run/state/state.js";
import { formatBytes, formatCount, formatDuration, formatEpoch, formatLoss, formatPercent, formatRate, formatSpeed } from "../format.js";

export interface TableData {
  columns: Column[];
  /** [rows][columns] */
  rows: string[][];
}

interface Column {
  heading: string;
  align: "left" | "right";
  /** Lower ones are dropped first where the width does not suffice. */
  priority: number;
}

/** The models side by side. @param target test accuracy as a fraction for the column "to …" */
export function comparisonTable(state: RunState, target: number): TableData {
  const first = state.models[0];
  const several = state.models.length > 1;
  const over = allEnded(state);
  const fields: [heading: string, priority: number, cell: (model: ModelState) => string][] = [
    ["model", 100, (model) => model.name],
    ["parameters", 60, (model) => formatCount(model.start?.parameters)],
    ["epoch", 80, (model) => (model.start ? `${formatEpoch(model.epoch)}/${model.start.epochs}` : formatEpoch(model.epoch))],
    ["loss", 90, (model) => formatLoss(model.loss)],
    ["train acc", 85, (model) => formatPercent(model.accuracy)],
    ["test acc", 95, (model) => formatPercent(model.testAccuracy)],
    ["best", 75, (model) => formatPercent(model.best?.accuracy)],
    ["vs first", 70, (model) => differenceText(accuracyDifference(first, model))],
    ["lr", 65, (model) => formatRate(model.learningRate)],
    ["images/s", 88, (model) => formatSpeed(current(model, model.imagesPerSecond))],
    // Once there is no current speed any more, that of the whole training takes its place.
    ["mean img/s", over ? 88 : 58, (model) => formatSpeed(meanSpeed(model))],
    ["batches/s", 30, (model) => formatSpeed(current(model, model.batchesPerSecond))],
    ["memory", 55, (model) => formatBytes(current(model, memoryOf(model)))],
    [`to ${Number((target * 100).toFixed(1))} %`, 40, (model) => formatDuration(secondsToTarget(model, target))],
    ["time", 35, (model) => formatDuration(model.seconds)],
  ];
  const without = new Set([...(several ? [] : ["vs first"]), ...(over ? ["images/s", "batches/s", "memory"] : [])]);
  const shown = fields.filter(([heading]) => !without.has(heading));
  return {
    columns: shown.map(([heading, priority], index) => ({ heading, align: index === 0 ? "left" : "right", priority })),
    rows: state.models.map((model) => shown.map(([, , cell]) => cell(model))),
  };
}

/** Said where the table shows a best accuracy or an interval. */
export const tableNote = "best: chosen on test images; ±: 95 %";

/** The columns that fit into `width` cells with two blanks between them; the most important stay, in their order. */
export function fitColumns(table: TableData, width: number): { table: TableData; widths: number[] } {
  const widths = table.columns.map((column, index) => Math.max(column.heading.length, ...table.rows.map((row) => row[index].length)));
  const byPriority = table.columns.map((_, index) => index).sort((a, b) => table.columns[b].priority - table.columns[a].priority);
  const kept: number[] = [];
  let used = -2;
  for (const index of byPriority) {
    if (used + 2 + widths[index] > width && kept.length > 0) continue;
    kept.push(index);
    used += 2 + widths[index];
  }
  kept.sort((a, b) => a - b);
  return {
    table: { columns: kept.map((index) => table.columns[index]), rows: table.rows.map((row) => kept.map((index) => row[index])) },
    widths: kept.map((index) => Math.min(widths[index], width)),
  };
}

/** @returns the model's bytes on its device, else those of its process; undefined before they were measured */
function memoryOf(model: ModelState): number | undefined {
  return finite(model.device?.deviceBytes) ?? finite(model.device?.hostBytes);
}

/** Speed and memory of a trainer that has ended are no current ones. */
function current(model: ModelState, value: number | undefined): number | undefined {
  return ended(model) ? undefined : value;
}
