import { type Curve, type curveField, curveStride, curveField as field } from "../../run/state/curve.js";
import { allEnded } from "../../run/state/progress.js";
import type { Curves, ModelState, RunState } from "../../run/state/state.js";
import { formatDuration, formatLoss, formatPercent } from "../format.js";
import { type Axis, linearAxis, logAxis, tickNumber } from "./axis.js";

/** A line chart as data. */
export interface ChartData {
  title: string;
  series: ChartSeries[];
  x: Axis;
  y: Axis;
  xLabel: string;
  /** Where the cursor stands, in the axis' units; its readings are in the series. */
  cursor?: { x: number; label: string };
  /** The options that are not at their usual values: "log", "last 25 %". */
  notes: string[];
  /** Said instead of curves while there are none. */
  empty?: string;
}

export interface ChartSeries {
  label: string;
  /** Ordinal of the model in the run. */
  model: number;
  role: "trainLoss" | "trainAccuracy" | "test" | "system";
  style: "solid" | "dashed";
  /** [x, y] pairs in axis units, x ascending, all finite; at most four a column. */
  points: Float64Array;
  /** The value at the cursor, else the newest. */
  reading: string;
}

type XAxis = "epoch" | "step" | "seconds";

export interface ChartOptions {
  xAxis: XAxis;
  /** Width of the smoothing window as a fraction of the x range; 0 is none. */
  smoothing: number;
  lossScale: "linear" | "log";
  /** The newest fraction of the x range that is shown; 1 is all. */
  zoom: number;
  /** auto: 90–100 % as soon as every model is there, before that all of it. */
  accuracyAxis: "auto" | "top" | "full";
  /** Fraction of the shown x range, 0 left to 1 right. */
  cursor?: number;
}

/** How large the plot will be, in cells; decides how many points and ticks are of use. */
export interface ChartSize {
  columns: number;
  rows: number;
}

/** One curve and how to show it; the general part under all charts. */
export interface ChartSource {
  label: string;
  model: number;
  role: ChartSeries["role"];
  style: ChartSeries["style"];
  curve: Curve;
  /** Few, exact points (evaluations) are not smoothed. */
  smooth: "yes" | "no";
  /** ended: there is no current value any more, so that the newest one is no reading. */
  stage?: "running" | "ended";
}

interface ChartRequest {
  title: string;
  sources: ChartSource[];
  options: ChartOptions;
  size: ChartSize;
  scale: "linear" | "log";
  /** @param low smallest shown value @param high largest @returns the axis' ends */
  range(low: number, high: number): [number, number];
  formatTick(value: number, spacing: number): string;
  formatReading(value: number): string;
  /** @param high the axis' upper end @returns the unit of which ticks are round numbers; 1 where absent */
  tickUnit?(high: number): number;
  empty: string;
  notes?: string[];
}

export function lossChart(state: RunState, options: ChartOptions, size: ChartSize): ChartData {
  return chart({
    title: "loss",
    sources: trainAndTest(state, "trainLoss", "loss", "testLoss"),
    options,
    size,
    scale: options.lossScale,
    range: (low, high) =>
      options.lossScale === "log" ? [low, high] : [options.zoom < 1 ? low - (high - low) * 0.05 : Math.min(0, low), high * 1.02],
    formatTick: tickNumber,
    formatReading: formatLoss,
    empty: waiting(state),
  });
}

export function accuracyChart(state: RunState, options: ChartOptions, size: ChartSize): ChartData {
  const top = options.accuracyAxis === "top" || (options.accuracyAxis === "auto" && state.models.length > 0 && state.models.every(isGood));
  return chart({
    title: "accuracy",
    sources: trainAndTest(state, "trainAccuracy", "accuracy", "testAccuracy"),
    options,
    size,
    scale: "linear",
    range: (low, high) =>
      top && options.zoom === 1
        ? [0.9, 1]
        : options.accuracyAxis === "full"
          ? [0, 1]
          : [low - (high - low) * 0.05, Math.min(1, high + (high - low) * 0.05)],
    formatTick: (value, spacing) => `${tickNumber(value * 100, spacing * 100)} %`,
    formatReading: (value) => formatPercent(value),
    empty: waiting(state),
  });
}

function isGood(model: ModelState): boolean {
  return model.status === "failed" || ((model.testAccuracy ?? 0) >= 0.9 && (model.accuracy ?? 0) >= 0.9);
}

/** Each model's training curve and its test curve; a single model is not named. */
function trainAndTest({ models }: RunState, role: "trainLoss" | "trainAccuracy", train: keyof Curves, test: keyof Curves): ChartSource[] {
  const several = models.length > 1;
  return models.flatMap(({ name, curves }, model): ChartSource[] => [
    { label: several ? name : "training", model, role, style: "solid", curve: curves[train], smooth: "yes" },
    { label: several ? `${name} test` : "test", model, role: "test", style: "dashed", curve: curves[test], smooth: "no" },
  ]);
}

function waiting(state: RunState): string {
  if (allEnded(state)) return "nothing was measured";
  return state.models.some((model) => model.status !== "starting") ? "waiting for the first step …" : "starting …";
}

/** Puts curves of any kind into one chart: x range and zoom, smoothing, min-max downsampling, axes, cursor. */
export function chart(request: ChartRequest): ChartData {
  const { options, size, sources } = request;
  const column = field[options.xAxis];
  let last = Number.NEGATIVE_INFINITY;
  for (const { curve } of sources) {
    if (curve.length > 0) last = Math.max(last, curve.buffer.data[(curve.length - 1) * curveStride + column]);
  }
  const known = Number.isFinite(last);
  const x = xAxis(options.xAxis, known ? last * (1 - options.zoom) : 0, known ? last : 1, size.columns);
  const cursorX = options.cursor === undefined || !known ? undefined : x.min + (x.max - x.min) * options.cursor;

  const series = sources.map((entry): ChartSeries => {
    const curve = entry.smooth === "yes" ? smoothed(entry.curve, column, options.smoothing * last) : values(entry.curve, column);
    const reading = readAt(curve, cursorX);
    return {
      label: entry.label,
      model: entry.model,
      role: entry.role,
      style: entry.style,
      points: downsample(curve, x.min, x.max, Math.max(1, size.columns * 2), request.scale),
      reading: reading === undefined ? "" : entry.stage === "ended" && cursorX === undefined ? "ended" : request.formatReading(reading),
    };
  });

  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { points } of series) {
    for (let at = 1; at < points.length; at += 2) {
      low = Math.min(low, points[at]);
      high = Math.max(high, points[at]);
    }
  }
  const some = high >= low;
  const [min, max] = some ? request.range(low, high) : [0, 1];
  const ticks = Math.max(2, Math.floor(size.rows / 3));
  const y =
    request.scale === "log" && some
      ? logAxis(low, high, ticks, request.formatTick)
      : linearAxis(min, max, ticks, request.formatTick, request.tickUnit?.(max));
  return {
    title: request.title,
    series,
    x,
    y,
    xLabel: options.xAxis === "seconds" ? "time" : options.xAxis,
    cursor: cursorX === undefined ? undefined : { x: cursorX, label: xText(options.xAxis, cursorX) },
    notes: notesOf(request),
    empty: some ? undefined : request.empty,
  };
}

function notesOf({ options, scale, notes }: ChartRequest): string[] {
  return [
    ...(notes ?? []),
    ...(scale === "log" ? ["log"] : []),
    ...(options.zoom < 1 ? [`last ${Math.round(options.zoom * 100)} %`] : []),
    ...(options.smoothing > 0 ? [`smooth ${Math.round(options.smoothing * 100)} %`] : []),
  ];
}

function xAxis(kind: XAxis, min: number, max: number, columns: number): Axis {
  const count = Math.max(2, Math.floor(columns / 12));
  const format = (value: number, spacing: number): string =>
    kind === "seconds"
      ? timeTick(value, spacing)
      : kind === "step" && value >= 10_000
        ? `${tickNumber(value / 1000, spacing / 1000)}k`
        : tickNumber(value, spacing);
  return linearAxis(min, max > min ? max : min + 1e-6, count, format);
}

function timeTick(value: number, spacing: number): string {
  if (spacing < 1) return `${tickNumber(value, spacing)} s`;
  return value < 60 ? `${Math.round(value)} s` : formatDuration(value);
}

function xText(kind: XAxis, value: number): string {
  return kind === "epoch" ? `epoch ${value.toFixed(2)}` : kind === "step" ? `step ${Math.round(value)}` : formatDuration(value);
}

/** @returns [x, y] pairs of the whole curve */
function values(curve: Curve, column: (typeof curveField)[keyof typeof curveField]): Float64Array {
  const { data } = curve.buffer;
  const pairs = new Float64Array(curve.length * 2);
  for (let index = 0; index < curve.length; index++) {
    pairs[index * 2] = data[index * curveStride + column];
    pairs[index * 2 + 1] = data[index * curveStride + field.value];
  }
  return pairs;
}

/**
 * Exponential moving average over a window in units of x, so that it does not depend on how densely points lie: a point's
 * weight is 1 − e^(−dx / window). Starts at the first value.
 */
function smoothed(curve: Curve, column: (typeof curveField)[keyof typeof curveField], window: number): Float64Array {
  const pairs = values(curve, column);
  if (!(window > 0)) return pairs;
  for (let at = 2; at < pairs.length; at += 2) {
    const weight = -Math.expm1(-(pairs[at] - pairs[at - 2]) / window);
    pairs[at + 1] = pairs[at - 1] + weight * (pairs[at + 1] - pairs[at - 1]);
  }
  return pairs;
}

/** The newest value at or before x; the newest of all where x is undefined. */
function readAt(pairs: Float64Array, x: number | undefined): number | undefined {
  let at = pairs.length - 2;
  while (x !== undefined && at >= 0 && pairs[at] > x + 1e-9) at -= 2;
  return at < 0 ? undefined : pairs[at + 1];
}

/**
 * At most four points a bucket (first, smallest, largest, last, in their order), so spikes stay visible and joints meet. One point on
 * either side of the range is kept so that lines run to the edge. Points that a log axis cannot show are left out.
 */
export function downsample(pairs: Float64Array, min: number, max: number, buckets: number, scale: "linear" | "log"): Float64Array {
  const usable = (at: number) => scale === "linear" || pairs[at + 1] > 0;
  let from = 0;
  while (from + 2 < pairs.length && pairs[from + 2] < min) from += 2;
  let to = pairs.length;
  while (to - 4 >= from && pairs[to - 4] > max) to -= 2;
  const out: number[] = [];
  if ((to - from) / 2 <= buckets * 2) {
    for (let at = from; at < to; at += 2) if (usable(at)) out.push(pairs[at], pairs[at + 1]);
    return Float64Array.from(out);
  }
  const width = (max - min) / buckets || 1;
  let at = from;
  while (at < to) {
    const bucket = Math.floor((pairs[at] - min) / width);
    const chosen = new Set<number>();
    let low = -1;
    let high = -1;
    let end = at;
    for (; end < to && Math.floor((pairs[end] - min) / width) === bucket; end += 2) {
      if (!usable(end)) continue;
      if (low < 0 || pairs[end + 1] < pairs[low + 1]) low = end;
      if (high < 0 || pairs[end + 1] > pairs[high + 1]) high = end;
    }
    if (low >= 0) {
      for (const index of [at, low, high, end - 2]) if (usable(index)) chosen.add(index);
      for (const index of [...chosen].sort((a, b) => a - b)) out.push(pairs[index], pairs[index + 1]);
    }
    at = Math.max(end, at + 2);
  }
  return Float64Array.from(out);
}
