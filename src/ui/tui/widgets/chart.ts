import type { RunState } from "../../../run/state/state.js";
import { axisFraction } from "../../panels/axis.js";
import { accuracyChart, type ChartData, type ChartOptions, type ChartSeries, type ChartSize, lossChart } from "../../panels/chart.js";
import { cpuChart, gpuChart, hostMemoryChart, memoryChart, normChart, speedChart } from "../../panels/system.js";
import { paintBorder } from "../paint/border.js";
import { type Context, modelInk, type Painter } from "../paint/painter.js";
import { createRaster } from "../paint/raster.js";
import type { Surface } from "../paint/surface.js";
import type { Theme } from "../paint/theme.js";

type ChartPanel = (state: RunState, options: ChartOptions, size: ChartSize) => ChartData;

export const loss = painter(lossChart);
export const accuracy = painter(accuracyChart);
export const memory = painter(memoryChart);
export const cpu = painter(cpuChart);
export const speed = painter(speedChart);
export const hostMemory = painter(hostMemoryChart);
export const norm = painter(normChart);
export const gpuMemory = painter(gpuChart("memory"));
export const gpuUtilization = painter(gpuChart("utilization"));
export const gpuTemperature = painter(gpuChart("temperature"));
export const gpuPower = painter(gpuChart("power"));

/** Columns left of the plot: tick labels and the axis. */
const gutter = 8;

function painter(panel: ChartPanel): Painter {
  return (surface, context) => {
    const size = { columns: Math.max(1, surface.width - 2 - gutter), rows: Math.max(1, surface.height - 4) };
    const data = panel(context.state, context.ui.chart, size);
    const inner = paintBorder(surface, context.theme, data.title, [...data.notes, ...(data.cursor ? [data.cursor.label] : [])].join(", "));
    paintChart(inner, data, context);
  };
}

function paintChart(surface: Surface, data: ChartData, context: Context): void {
  const { theme } = context;
  if (surface.width < 16 || surface.height < 4) return;
  if (data.empty !== undefined) {
    surface.textCentred(Math.floor(surface.height / 2), data.empty, theme.faint);
    return;
  }
  const legendRows = paintLegend(surface, data, theme);
  const labels = Math.min(gutter, Math.max(3, ...data.y.ticks.map((tick) => tick.label.length + 1)));
  const plot = surface.region(labels, legendRows, surface.width - labels, surface.height - legendRows - 1);
  paintAxes(surface, plot, labels, legendRows, data, theme);
  if (plot.width < 1 || plot.height < 1) return;

  const marks = usesMarks(theme, data);
  const raster = createRaster(plot.width, plot.height, marks ? "marks" : "braille");
  const order = data.series
    .map((_, index) => index)
    .sort((a, b) => Number(data.series[a].style === "dashed") - Number(data.series[b].style === "dashed"));
  for (const index of order) {
    const series = data.series[index];
    const dots = new Float64Array(series.points.length);
    for (let at = 0; at < dots.length; at += 2) {
      dots[at] = axisFraction(data.x, series.points[at]) * (raster.width - 1);
      dots[at + 1] = (1 - axisFraction(data.y, series.points[at + 1])) * (raster.height - 1);
    }
    raster.line(dots, index, series.style);
  }
  if (data.cursor !== undefined) {
    const column = Math.round(axisFraction(data.x, data.cursor.x) * (plot.width - 1));
    for (let y = 0; y < plot.height; y++) plot.put(column, y, theme.glyphs.cursor, theme.faint);
  }
  for (let y = 0; y < plot.height; y++) {
    for (let x = 0; x < plot.width; x++) {
      const character = raster.character(x, y);
      if (character === "") continue;
      const series = data.series[raster.owner(x, y)];
      plot.put(x, y, marks ? mark(series) : character, ink(theme, data, series));
    }
  }
}

/**
 * A legend with the newest values or those at the cursor: an entry a model, its training and its test value side by side.
 * @returns rows used
 */
function paintLegend(surface: Surface, data: ChartData, theme: Theme): number {
  const several = modelsIn(data) > 1;
  const entries = several
    ? data.series.filter((series) => series.style === "solid").map((series) => [series, ...partners(data, series)])
    : data.series.map((series) => [series]);
  const labelOf = (entry: ChartSeries[]) => entry[0].label;
  const widest = Math.max(
    ...entries.map((entry) => labelOf(entry).length + entry.reduce((sum, series) => sum + series.reading.length + 4, 0) + 1),
  );
  const perRow = Math.max(1, Math.min(entries.length, Math.floor(surface.width / widest)));
  const room = Math.max(1, Math.floor((surface.height - 3) / 2));
  const rows = Math.min(Math.ceil(entries.length / perRow), room);
  const column = Math.floor(surface.width / perRow);
  entries.slice(0, rows * perRow).forEach((entry, index) => {
    const cell = surface.region((index % perRow) * column, Math.floor(index / perRow), column, 1);
    let x = 0;
    entry.forEach((series, ordinal) => {
      if (ordinal > 0 && series.reading === "") return;
      cell.text(x, 0, sign(theme, data, series), ink(theme, data, series));
      x += 3;
      if (ordinal === 0) x += cell.text(x, 0, labelOf(entry), several ? modelInk(theme, series.model) : theme.faint) + 1;
      x += cell.text(x, 0, series.reading, theme.text) + 1;
    });
  });
  return rows;
}

/** The dashed curves of a solid one's model. */
function partners(data: ChartData, solid: ChartSeries): ChartSeries[] {
  return data.series.filter((series) => series.style === "dashed" && series.model === solid.model);
}

function sign(theme: Theme, data: ChartData, series: ChartSeries): string {
  if (usesMarks(theme, data)) return mark(series).repeat(2);
  return series.style === "dashed" ? theme.glyphs.dashed : theme.glyphs.solid;
}

function paintAxes(surface: Surface, plot: Surface, labels: number, top: number, data: ChartData, theme: Theme): void {
  const { glyphs } = theme;
  for (let y = 0; y < plot.height; y++) surface.put(labels - 1, top + y, glyphs.vertical, theme.border);
  for (const tick of data.y.ticks) {
    const at = axisFraction(data.y, tick.value);
    const y = Math.round((1 - at) * (plot.height - 1));
    if (!(at >= -0.001 && at <= 1.001) || y < 0 || y >= plot.height) continue;
    surface.textRight(labels - 1, top + y, tick.label.slice(0, labels - 1), theme.faint);
    surface.put(labels - 1, top + y, glyphs.tick, theme.border);
  }
  const y = top + plot.height;
  const unit = data.xLabel;
  let free = 0;
  for (const tick of data.x.ticks) {
    const at = labels + Math.round(axisFraction(data.x, tick.value) * (plot.width - 1));
    const start = Math.max(labels - 1, Math.min(surface.width - tick.label.length, at - Math.floor(tick.label.length / 2)));
    if (start < free || start + tick.label.length > surface.width - unit.length - 1) continue;
    surface.text(start, y, tick.label, theme.faint);
    free = start + tick.label.length + 1;
  }
  surface.textRight(surface.width, y, unit, theme.title);
}

/** Without colours several curves are told apart by marks; without braille all are. */
function usesMarks(theme: Theme, data: ChartData): boolean {
  return theme.charset === "ascii" || (theme.depth === 1 && modelsIn(data) > 1);
}

function modelsIn(data: ChartData): number {
  return new Set(data.series.map((series) => series.model)).size;
}

function mark(series: ChartSeries): string {
  const marks = series.style === "dashed" ? "+o%=~^" : "*x#@&s";
  return marks[series.model % marks.length];
}

function ink(theme: Theme, data: ChartData, series: ChartSeries): number {
  if (series.role === "system") return modelInk(theme, series.model);
  if (modelsIn(data) > 1)
    return series.style === "dashed" ? modelInk(theme, series.model) : theme.modelsDim[series.model % theme.modelsDim.length];
  return series.role === "test" ? theme.test : series.role === "trainLoss" ? theme.trainLoss : theme.trainAccuracy;
}
