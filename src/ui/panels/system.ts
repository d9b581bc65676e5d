import { ended } from "../../run/state/model.js";
import { allEnded } from "../../run/state/progress.js";
import type { RunState } from "../../run/state/state.js";
import { formatBytes, formatCount, formatSpeed } from "../format.js";
import { tickNumber } from "./axis.js";
import { type ChartData, type ChartOptions, type ChartSize, type ChartSource, chart } from "./chart.js";

type Field = "hostMemory" | "deviceMemory" | "cpu" | "imagesPerSecond";

/** One curve of every model. */
function sources(state: RunState, field: Field | "weightNorm", smooth: "yes" | "no"): ChartSource[] {
  return state.models.map((model, index) => ({
    label: model.name,
    model: index,
    role: "system",
    style: "solid",
    curve: model.curves[field],
    smooth,
    // The norm is the weights' own, which stay.
    stage: field !== "weightNorm" && ended(model) ? "ended" : "running",
  }));
}

function byteTick(value: number): string {
  return formatBytes(value).replace(".0 ", " ");
}

/** Memory is counted in powers of 1024, so its round numbers are too. */
function byteUnit(high: number): number {
  return high >= 2 ** 30 ? 2 ** 30 : high >= 2 ** 20 ? 2 ** 20 : 1;
}

function systemChart(
  state: RunState,
  title: string,
  field: Field,
  options: ChartOptions,
  size: ChartSize,
  format: (value: number) => string,
): ChartData {
  return chart({
    title,
    sources: sources(state, field, "yes"),
    options: { ...options, xAxis: "seconds" },
    size,
    scale: "linear",
    range: (_, high) => [0, high * 1.1 || 1],
    formatTick: (value, spacing) =>
      field === "cpu" ? `${tickNumber(value, spacing)} %` : field === "imagesPerSecond" ? formatCount(value) : byteTick(value),
    formatReading: format,
    tickUnit: field === "hostMemory" || field === "deviceMemory" ? byteUnit : undefined,
    empty: "no measurement yet",
    notes: field === "cpu" ? ["100 % is a core"] : [],
  });
}

/** Resident memory of each trainer. */
export function memoryChart(state: RunState, options: ChartOptions, size: ChartSize): ChartData {
  const device = state.models.some((model) => model.curves.deviceMemory.length > 0);
  return systemChart(
    state,
    device ? "device memory of each trainer" : "memory of each trainer",
    device ? "deviceMemory" : "hostMemory",
    options,
    size,
    formatBytes,
  );
}

/** Memory in use on the whole machine, by other programs too. */
export function hostMemoryChart(state: RunState, options: ChartOptions, size: ChartSize): ChartData {
  const { total, used } = state.hostMemory;
  return chart({
    title: "memory of this machine",
    sources: [{ label: "used", model: 0, role: "system", style: "solid", curve: used, smooth: "no", stage: machineStage(state) }],
    options: { ...options, xAxis: "seconds" },
    size,
    scale: "linear",
    range: (_, high) => [0, Math.max(high, total)],
    formatTick: byteTick,
    formatReading: (value) => `${formatBytes(value)} of ${formatBytes(total)}`,
    tickUnit: byteUnit,
    empty: "not measured here",
  });
}

/** CPU of each trainer; 100 % is one core. */
export function cpuChart(state: RunState, options: ChartOptions, size: ChartSize): ChartData {
  return systemChart(state, "CPU of each trainer", "cpu", options, size, (value) => `${Math.round(value)} %`);
}

/** Euclidean norm of all weights of each model, once an evaluation. */
export function normChart(state: RunState, options: ChartOptions, size: ChartSize): ChartData {
  return chart({
    title: "weight norm of each model",
    sources: sources(state, "weightNorm", "no"),
    options: { ...options, smoothing: 0 },
    size,
    scale: "linear",
    range: (low, high) => [low - (high - low) * 0.05, high + (high - low) * 0.05],
    formatTick: tickNumber,
    formatReading: (value) => value.toPrecision(4),
    empty: "no measurement yet",
  });
}

/** One quantity of every GPU over wall-clock time. */
export function gpuChart(
  field: "memory" | "utilization" | "temperature" | "power",
): (state: RunState, options: ChartOptions, size: ChartSize) => ChartData {
  const titles = { memory: "GPU memory", utilization: "GPU utilization", temperature: "GPU temperature", power: "GPU power" };
  const units = { memory: "", utilization: " %", temperature: " °C", power: " W" };
  const format = (value: number): string => (field === "memory" ? formatBytes(value) : `${Math.round(value)}${units[field]}`);
  return (state, options, size) =>
    chart({
      title: titles[field],
      sources: state.gpus.map((gpu, index) => ({
        label: `GPU ${index}`,
        model: index,
        role: "system",
        style: "solid",
        curve: gpu[field],
        smooth: "yes",
        stage: machineStage(state),
      })),
      options: { ...options, xAxis: "seconds" },
      size,
      scale: "linear",
      range: (_, high) => [
        0,
        field === "memory" ? Math.max(high, ...state.gpus.map((gpu) => gpu.memoryTotal)) : field === "utilization" ? 100 : high * 1.1 || 1,
      ],
      formatTick: field === "memory" ? byteTick : format,
      formatReading: format,
      tickUnit: field === "memory" ? byteUnit : undefined,
      empty: "not measured here",
    });
}

/** The machine's figures come from the trainers. */
function machineStage(state: RunState): ChartSource["stage"] {
  return allEnded(state) ? "ended" : "running";
}

/** Training throughput of each model. */
export function speedChart(state: RunState, options: ChartOptions, size: ChartSize): ChartData {
  return systemChart(state, "images/s", "imagesPerSecond", options, size, formatSpeed);
}
