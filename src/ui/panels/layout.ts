import type { ViewNumber } from "../interaction.js";

export type WidgetName =
  | "loss"
  | "accuracy"
  | "gauges"
  | "table"
  | "compactTable"
  | "device"
  | "log"
  | "logLine"
  | "summary"
  | "confusionSmall"
  | "samplesSmall"
  | "confusion"
  | "confusionDetail"
  | "samples"
  | "layers"
  | "filters"
  | "memory"
  | "cpu"
  | "speed"
  | "hostMemory"
  | "norm"
  | "gpuMemory"
  | "gpuUtilization"
  | "gpuTemperature"
  | "gpuPower";

/** A widget's rectangle in cells of the body (the screen without its first and last line). */
export interface Place {
  widget: WidgetName;
  row: number;
  column: number;
  rows: number;
  columns: number;
}

export const smallest = { columns: 60, rows: 20 } as const;

export interface LayoutInput {
  /** Cells of the body. */
  columns: number;
  rows: number;
  models: number;
  gpus: number;
  /** Once every model has ended, the overview sums up what came of them. */
  stage: "running" | "final";
}

/** Which widgets stand where; they cover the body without overlap. Below `smallest` there is nothing. */
export function layout(view: ViewNumber, input: LayoutInput): Place[] {
  switch (view) {
    case 1:
      return overview(input);
    case 2:
      return beside(input, "confusion", "confusionDetail", input.columns >= 120 ? 64 : 48);
    case 3:
      return [{ widget: "samples", row: 0, column: 0, rows: input.rows, columns: input.columns }];
    case 4:
      return modelView(input);
    case 5:
      return system(input);
  }
}

function beside(input: LayoutInput, left: WidgetName, right: WidgetName, width: number): Place[] {
  return [
    { widget: left, row: 0, column: 0, rows: input.rows, columns: width },
    { widget: right, row: 0, column: width, rows: input.rows, columns: input.columns - width },
  ];
}

function modelView(input: LayoutInput): Place[] {
  const width = Math.max(46, Math.min(90, Math.round(input.columns * 0.6)));
  const [left, right] = beside(input, "layers", "filters", width);
  if (input.rows < 32) return [left, right];
  const norm = Math.min(16, Math.floor(input.rows / 3));
  return [
    left,
    { ...right, rows: input.rows - norm },
    { widget: "norm", row: input.rows - norm, column: width, rows: norm, columns: input.columns - width },
  ];
}

function overview(input: LayoutInput): Place[] {
  const { columns, rows } = input;
  const models = Math.max(1, input.models);
  const several = models > 1 ? 1 : 0;
  const final = input.stage === "final";
  if (columns < 100 || rows < 28) {
    const table = Math.min(models + several + 3, rows - 9);
    const last = final ? Math.min(models + several + 2, Math.max(1, rows - table - 7)) : 1;
    const charts = rows - table - last;
    return [
      ...sideBySide(0, 0, charts, columns, "loss", "accuracy"),
      { widget: "compactTable", row: charts, column: 0, rows: table, columns },
      { widget: final ? "summary" : "logLine", row: rows - last, column: 0, rows: last, columns },
    ];
  }
  const table = models + 3;
  const gauges = Math.max(models + several + 2, rows >= 44 ? 9 : 6);
  const top = rows - table - gauges;
  const half = Math.floor(columns / 2);
  const bottom: Place[] = [
    { widget: "table", row: top, column: 0, rows: table, columns },
    { widget: final ? "summary" : "gauges", row: top + table, column: 0, rows: gauges, columns: half },
    { widget: "log", row: top + table, column: half, rows: gauges, columns: columns - half },
  ];
  if (columns < 118 || top < 19) {
    return [...sideBySide(0, 0, top, columns, "loss", "accuracy"), ...bottom];
  }
  const right = columns >= 180 ? 66 : 46;
  const left = columns - right;
  const confusion = 14;
  const rest = top - confusion;
  const charts = left >= 110 ? sideBySide(0, 0, top, left, "loss", "accuracy") : stacked(0, 0, top, left, "loss", "accuracy");
  const column: Place[] = [{ widget: "confusionSmall", row: 0, column: left, rows: confusion, columns: right }];
  const wanted = models + 2 * input.gpus + 8;
  const device = rest - wanted >= 8 ? wanted : rest;
  if (rest > device) column.push({ widget: "samplesSmall", row: confusion, column: left, rows: rest - device, columns: right });
  column.push({ widget: "device", row: top - device, column: left, rows: device, columns: right });
  return [...charts, ...column, ...bottom];
}

function system(input: LayoutInput): Place[] {
  const { columns, rows, models, gpus } = input;
  const tall = rows >= 30;
  if (!tall && gpus === 0)
    return [
      ...sideBySide(0, 0, Math.ceil(rows / 2), columns, "memory", "cpu"),
      ...sideBySide(Math.ceil(rows / 2), 0, Math.floor(rows / 2), columns, "speed", "device"),
    ];
  const gpuPairs: [WidgetName, WidgetName][] = [
    ["gpuMemory", "gpuUtilization"],
    ["gpuTemperature", "gpuPower"],
  ];
  const pairs: [WidgetName, WidgetName][] =
    gpus === 0
      ? [
          ["memory", "cpu"],
          ["hostMemory", "speed"],
        ]
      : [["memory", "cpu"], ...gpuPairs.slice(0, tall ? 2 : 1)];
  const device = Math.min(Math.max(5, Math.floor(rows / 4)), 7 + models + gpus * 2);
  const charts = rows - device;
  const places = pairs.flatMap(([left, right], index) => {
    const from = Math.round((charts * index) / pairs.length);
    const to = Math.round((charts * (index + 1)) / pairs.length);
    return sideBySide(from, 0, to - from, columns, left, right);
  });
  return [...places, { widget: "device", row: charts, column: 0, rows: device, columns }];
}

function sideBySide(row: number, column: number, rows: number, columns: number, left: WidgetName, right: WidgetName): Place[] {
  const half = Math.floor(columns / 2);
  return [
    { widget: left, row, column, rows, columns: half },
    { widget: right, row, column: column + half, rows, columns: columns - half },
  ];
}

function stacked(row: number, column: number, rows: number, columns: number, upper: WidgetName, lower: WidgetName): Place[] {
  const half = Math.floor(rows / 2);
  return [
    { widget: upper, row, column, rows: half, columns },
    { widget: lower, row: row + half, column, rows: rows - half, columns },
  ];
}
