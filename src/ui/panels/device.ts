import { largestValue, lastPoint } from "../../run/state/curve.js";
import { isHostOnly } from "../../run/state/machine.js";
import { ended } from "../../run/state/model.js";
import { datasetText } from "../../run/state/notes.js";
import { finite } from "../../run/state/numbers.js";
import { allEnded } from "../../run/state/progress.js";
import type { GpuReading, ModelState, RunState } from "../../run/state/state.js";
import { plainText } from "../../util/plain-text.js";
import { formatBytes, formatCount } from "../format.js";

interface DeviceLine {
  label: string;
  text: string;
  /** Ordinal of the model, or -1. */
  model: number;
  /** A part of a whole, in [0, 1], where there is one: memory, utilization. */
  fraction?: number;
  tone: "normal" | "faint" | "warning";
}

/** The devices in use, their cost in memory and time, and the reasons against the devices that were refused. */
export function deviceLines(state: RunState): DeviceLine[] {
  const lines: DeviceLine[] = [];
  const start = state.models.find((model) => model.start !== undefined)?.start;
  if (start !== undefined) {
    lines.push({ label: "run", text: state.run, model: -1, tone: "normal" });
    const images = `${formatCount(start.trainSamples)} training, ${formatCount(start.testSamples)} test images`;
    lines.push({ label: "data", text: `${datasetText(start.dataset)}, ${images}`, model: -1, tone: "normal" });
  }
  const devices = new Set(state.models.map((model) => model.start?.device ?? ""));
  devices.delete("");
  for (const device of devices) lines.push({ label: "device", text: device, model: -1, tone: "normal" });
  lines.push(...machineLines(state));
  state.models.forEach((model, index) => {
    const text = trainerFigures(model);
    if (text !== undefined) lines.push({ label: model.name, text, model: index, tone: "normal" });
  });
  lines.push(...gpuLines(state));
  const reasons = new Map<string, string>();
  for (const model of state.models) {
    for (const { name, reason } of model.start?.refused ?? []) reasons.set(plainText(name), plainText(reason));
  }
  for (const [name, reason] of reasons) lines.push({ label: `not ${name}`, text: reason, model: -1, tone: "faint" });
  return lines;
}

/** "device"; where no GPU is seen, that the figures are the host's: the lack of a GPU must not look like an oversight. */
export function deviceTitle(state: RunState): string {
  return isHostOnly(state) ? `device: ${hostOnly}` : "device";
}

export const hostOnly = "no GPU seen, host's figures";

/** The whole machine's memory; no line before it was measured, and none when no trainer measures it any more. */
export function machineLines(state: RunState): DeviceLine[] {
  const { used: curve, total } = state.hostMemory;
  const used = lastPoint(curve);
  if (used === undefined || allEnded(state)) return [];
  const text = `${formatBytes(used.value)} of ${formatBytes(total)} RAM used`;
  return [{ label: "machine", text, model: -1, fraction: total > 0 ? used.value / total : undefined, tone: "normal" }];
}

/** The GPUs as they are; no lines when no trainer measures them any more. */
export function gpuLines(state: RunState): DeviceLine[] {
  if (allEnded(state)) return [];
  return (state.gpuReadings ?? []).map((gpu, index) => ({
    label: `GPU ${index}`,
    text: gpuText(gpu),
    model: -1,
    fraction: gpu.memoryTotal > 0 ? Math.min(1, Math.max(0, gpu.memoryUsed / gpu.memoryTotal)) : undefined,
    tone: "normal",
  }));
}

/**
 * "178 MB RAM, CPU 98 %": memory and processor time of a model's trainer; undefined before they were measured. Of a trainer that has ended,
 * "ended, had 178 MB RAM at most".
 */
export function trainerFigures(model: ModelState): string | undefined {
  const { device } = model;
  if (device === undefined) return undefined;
  if (ended(model)) return peakFigures(model);
  const parts = [`${formatBytes(finite(device.hostBytes))} RAM`];
  if (finite(device.deviceBytes) !== undefined) parts.push(`${formatBytes(device.deviceBytes)} on the device`);
  if (finite(device.tensors) !== undefined) parts.push(`${formatCount(device.tensors)} tensors`);
  const cpu = finite(device.cpuPercent);
  if (cpu !== undefined) parts.push(`CPU ${Math.max(0, Math.round(cpu))} %`);
  return parts.join(", ");
}

function peakFigures({ curves }: ModelState): string {
  const host = largestValue(curves.hostMemory);
  const device = largestValue(curves.deviceMemory);
  const parts = [
    ...(host === undefined ? [] : [`${formatBytes(host)} RAM`]),
    ...(device === undefined ? [] : [`${formatBytes(device)} on the device`]),
  ];
  return parts.length > 0 ? `ended, had ${parts.join(", ")} at most` : "ended";
}

function gpuText(gpu: GpuReading): string {
  const parts = [`${formatBytes(gpu.memoryUsed)} of ${formatBytes(gpu.memoryTotal)}`];
  if (finite(gpu.utilization) !== undefined) parts.push(`${Math.round(gpu.utilization!)} %`);
  if (finite(gpu.temperature) !== undefined) parts.push(`${Math.round(gpu.temperature!)} °C`);
  if (finite(gpu.power) !== undefined) parts.push(`${Math.round(gpu.power!)} W`);
  return `${plainText(gpu.name)}: ${parts.join(", ")}`;
}
