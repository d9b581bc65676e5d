import type { ViewNumber } from "../interaction.js";
import type { Painter } from "./paint/painter.js";
import {
  accuracy,
  cpu,
  gpuMemory,
  gpuPower,
  gpuTemperature,
  gpuUtilization,
  hostMemory,
  loss,
  memory,
  norm,
  speed,
} from "./widgets/chart.js";
import { confusion, confusionDetail, confusionSmall } from "./widgets/confusion.js";
import { device } from "./widgets/device.js";
import { filters } from "./widgets/filters.js";
import { gauges } from "./widgets/gauges.js";
import { layers } from "./widgets/layers.js";
import { log, logLine } from "./widgets/log.js";
import { samples, samplesSmall } from "./widgets/samples.js";
import { summary } from "./widgets/summary.js";
import { compactTable, table } from "./widgets/table.js";

/** A widget and its rectangle in cells of the body (the screen without its first and last line). */
export interface PlacedWidget {
  paint: Painter;
  row: number;
  column: number;
  rows: number;
  columns: number;
}

export interface LayoutInput {
  /** Cells of the body. */
  columns: number;
  rows: number;
  models: number;
  gpus: number;
  /** Once every model has ended, the overview shows their outcomes. */
  stage: "running" | "final";
}

/** @returns which widgets stand where: they cover the body of a screen that is not too small, without overlap */
export function layout(view: ViewNumber, input: LayoutInput): PlacedWidget[] {
  switch (view) {
    case 1:
      return overview(input);
    case 2:
      return beside(input, confusion, confusionDetail, input.columns >= 120 ? 64 : 48);
    case 3:
      return [{ paint: samples, row: 0, column: 0, rows: input.rows, columns: input.columns }];
    case 4:
      return modelView(input);
    case 5:
      return system(input);
  }
}

function beside(input: LayoutInput, left: Painter, right: Painter, width: number): PlacedWidget[] {
  return [
    { paint: left, row: 0, column: 0, rows: input.rows, columns: width },
    { paint: right, row: 0, column: width, rows: input.rows, columns: input.columns - width },
  ];
}

function modelView(input: LayoutInput): PlacedWidget[] {
  const width = Math.max(46, Math.min(90, Math.round(input.columns * 0.6)));
  const [left, right] = beside(input, layers, filters, width);
  if (input.rows < 32) return [left, right];
  const normRows = Math.min(16, Math.floor(input.rows / 3));
  return [
    left,
    { ...right, rows: input.rows - normRows },
    { paint: norm, row: input.rows - normRows, column: width, rows: normRows, columns: input.columns - width },
  ];
}

function overview(input: LayoutInput): PlacedWidget[] {
  const { columns, rows } = input;
  const models = Math.max(1, input.models);
  const several = models > 1 ? 1 : 0;
  const final = input.stage === "final";
  if (columns < 100 || rows < 28) {
    const tableRows = Math.min(models + several + 3, rows - 9);
    const last = final ? Math.min(models + several + 2, Math.max(1, rows - tableRows - 7)) : 1;
    const charts = rows - tableRows - last;
    return [
      ...sideBySide(0, 0, charts, columns, loss, accuracy),
      { paint: compactTable, row: charts, column: 0, rows: tableRows, columns },
      { paint: final ? summary : logLine, row: rows - last, column: 0, rows: last, columns },
    ];
  }
  const tableRows = models + 3;
  const gaugeRows = Math.max(models + several + 2, rows >= 44 ? 9 : 6);
  const top = rows - tableRows - gaugeRows;
  const half = Math.floor(columns / 2);
  const bottom: PlacedWidget[] = [
    { paint: table, row: top, column: 0, rows: tableRows, columns },
    { paint: final ? summary : gauges, row: top + tableRows, column: 0, rows: gaugeRows, columns: half },
    { paint: log, row: top + tableRows, column: half, rows: gaugeRows, columns: columns - half },
  ];
  if (columns < 118 || top < 19) {
    return [...sideBySide(0, 0, top, columns, loss, accuracy), ...bottom];
  }
  const right = columns >= 180 ? 66 : 46;
  const left = columns - right;
  const confusionRows = 14;
  const rest = top - confusionRows;
  const charts = left >= 110 ? sideBySide(0, 0, top, left, loss, accuracy) : stacked(0, 0, top, left, loss, accuracy);
  const column: PlacedWidget[] = [{ paint: confusionSmall, row: 0, column: left, rows: confusionRows, columns: right }];
  const wanted = models + 2 * input.gpus + 8;
  const deviceRows = rest - wanted >= 8 ? wanted : rest;
  if (rest > deviceRows) column.push({ paint: samplesSmall, row: confusionRows, column: left, rows: rest - deviceRows, columns: right });
  column.push({ paint: device, row: top - deviceRows, column: left, rows: deviceRows, columns: right });
  return [...charts, ...column, ...bottom];
}

function system(input: LayoutInput): PlacedWidget[] {
  const { columns, rows, models, gpus } = input;
  const tall = rows >= 30;
  if (!tall && gpus === 0)
    return [
      ...sideBySide(0, 0, Math.ceil(rows / 2), columns, memory, cpu),
      ...sideBySide(Math.ceil(rows / 2), 0, Math.floor(rows / 2), columns, speed, device),
    ];
  const gpuPairs: [Painter, Painter][] = [
    [gpuMemory, gpuUtilization],
    [gpuTemperature, gpuPower],
  ];
  const pairs: [Painter, Painter][] =
    gpus === 0
      ? [
          [memory, cpu],
          [hostMemory, speed],
        ]
      : [[memory, cpu], ...gpuPairs.slice(0, tall ? 2 : 1)];
  const deviceRows = Math.min(Math.max(5, Math.floor(rows / 4)), 7 + models + gpus * 2);
  const charts = rows - deviceRows;
  const placedCharts = pairs.flatMap(([left, right], index) => {
    const from = Math.round((charts * index) / pairs.length);
    const to = Math.round((charts * (index + 1)) / pairs.length);
    return sideBySide(from, 0, to - from, columns, left, right);
  });
  return [...placedCharts, { paint: device, row: charts, column: 0, rows: deviceRows, columns }];
}

function sideBySide(row: number, column: number, rows: number, columns: number, left: Painter, right: Painter): PlacedWidget[] {
  const half = Math.floor(columns / 2);
  return [
    { paint: left, row, column, rows, columns: half },
    { paint: right, row, column: column + half, rows, columns: columns - half },
  ];
}

function stacked(row: number, column: number, rows: number, columns: number, upper: Painter, lower: Painter): PlacedWidget[] {
  const half = Math.floor(rows / 2);
  return [
    { paint: upper, row, column, rows: half, columns },
    { paint: lower, row: row + half, column, rows: rows - half, columns },
  ];
}
