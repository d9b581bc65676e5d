import { finite } from "../../run/state/numbers.js";
import { secondsToTarget } from "../../run/state/progress.js";
import type { ModelState, RunState } from "../../run/state/state.js";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEpoch,
  formatLoss,
  formatPercent,
  formatPoints,
  formatRate,
  formatSpeed,
} from "../format.js";

export interface TableData {
  columns: Column[];
  /** [rows][columns] */
  rows: string[][];
}

export interface Column {
  heading: string;
  align: "left" | "right";
  /** Lower ones are dropped first where the width does not suffice. */
  priority: number;
}

/** The models side by side. @param target test accuracy as a fraction for the column "to …" */
export function comparisonTable(state: RunState, target: number): TableData {
  const first = state.models[0];
  const several = state.models.length > 1;
  const fields: [heading: string, priority: number, cell: (model: ModelState) => string][] = [
    ["model", 100, (model) => model.name],
    ["parameters", 60, (model) => formatCount(model.start?.parameters)],
    ["epoch", 80, (model) => (model.start ? `${formatEpoch(model.epoch)}/${model.start.epochs}` : formatEpoch(model.epoch))],
    ["loss", 90, (model) => formatLoss(model.loss)],
    ["train acc", 85, (model) => formatPercent(model.accuracy)],
    ["test acc", 95, (model) => formatPercent(model.testAccuracy)],
    ["best", 75, (model) => formatPercent(model.best?.accuracy)],
    ...(several ? ([["vs first", 70, (model) => difference(model, first)]] as [string, number, (model: ModelState) => string][]) : []),
    ["lr", 65, (model) => formatRate(model.learningRate)],
    ["images/s", 88, (model) => formatSpeed(model.imagesPerSecond)],
    ["batches/s", 30, (model) => formatSpeed(model.batchesPerSecond)],
    ["memory", 55, (model) => formatBytes(memoryOf(model))],
    [`to ${Number((target * 100).toFixed(1))} %`, 40, (model) => formatDuration(secondsToTarget(model, target))],
    ["time", 35, (model) => formatDuration(model.seconds)],
  ];
  return {
    columns: fields.map(([heading, priority], index) => ({ heading, align: index === 0 ? "left" : "right", priority })),
    rows: state.models.map((model) => fields.map(([, , cell]) => cell(model))),
  };
}

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
export function memoryOf(model: ModelState): number | undefined {
  return finite(model.device?.deviceBytes) ?? finite(model.device?.hostBytes);
}

function difference(model: ModelState, first: ModelState): string {
  if (model === first) return "–";
  return model.best === undefined || first.best === undefined ? "–" : formatPoints(model.best.accuracy - first.best.accuracy);
}
