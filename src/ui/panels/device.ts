import { lastPoint } from "../curve.js";
import { formatBytes, formatCount } from "../format.js";
import { finite, type RunState } from "../state.js";
import { plainText } from "../text.js";

export interface DeviceLine {
  label: string;
  text: string;
  /** Ordinal of the model, or -1. */
  model: number;
  /** A part of a whole, in [0, 1], where there is one: memory, utilization. */
  fraction?: number;
  tone: "normal" | "faint" | "warning";
}

/** Which device is really used, what it costs, and why not a better one. */
export function deviceLines(state: RunState): DeviceLine[] {
  const lines: DeviceLine[] = [];
  const start = state.models.find((model) => model.start !== undefined)?.start;
  if (start !== undefined) {
    lines.push({ label: "run", text: state.run, model: -1, tone: "normal" });
    const images = `${formatCount(start.trainSamples)} training, ${formatCount(start.testSamples)} test images`;
    lines.push({ label: "data", text: `${start.dataset}, ${images}`, model: -1, tone: "normal" });
  }
  const devices = new Set(state.models.map((model) => model.start?.device ?? ""));
  devices.delete("");
  for (const device of devices) lines.push({ label: "device", text: device, model: -1, tone: "normal" });
  const machine = lastPoint(state.hostMemory.used);
  if (machine !== undefined) {
    const { total } = state.hostMemory;
    lines.push({
      label: "machine",
      text: `${formatBytes(machine.value)} of ${formatBytes(total)} RAM used`,
      model: -1,
      fraction: total > 0 ? machine.value / total : undefined,
      tone: "normal",
    });
  }
  state.models.forEach((model, index) => {
    if (model.device === undefined) return;
    const cpu = finite(model.device.cpuPercent);
    const parts = [`${formatBytes(finite(model.device.hostBytes))} RAM`];
    if (finite(model.device.deviceBytes) !== undefined) parts.push(`${formatBytes(model.device.deviceBytes)} on the device`);
    if (finite(model.device.tensors) !== undefined) parts.push(`${formatCount(model.device.tensors)} tensors`);
    if (cpu !== undefined) parts.push(`CPU ${Math.max(0, Math.round(cpu))} %`);
    lines.push({ label: model.name, text: parts.join(", "), model: index, tone: "normal" });
  });
  const gpus = newestGpus(state);
  for (const [index, gpu] of gpus.entries()) {
    lines.push({
      label: `GPU ${index}`,
      text: gpuText(gpu),
      model: -1,
      fraction: gpu.memoryTotal > 0 ? Math.min(1, Math.max(0, gpu.memoryUsed / gpu.memoryTotal)) : undefined,
      tone: "normal",
    });
  }
  const reasons = new Map<string, string>();
  for (const model of state.models) {
    for (const { name, reason } of model.start?.refused ?? []) reasons.set(plainText(name), plainText(reason));
  }
  for (const [name, reason] of reasons) lines.push({ label: `not ${name}`, text: reason, model: -1, tone: "faint" });
  return lines;
}

type Gpu = NonNullable<NonNullable<RunState["models"][number]["device"]>["gpus"]>[number];

/** GPUs are the machine's, not a model's: the newest event of any trainer says how they are. */
export function newestGpus(state: RunState): Gpu[] {
  let newest: { time: number; gpus: Gpu[] } = { time: 0, gpus: [] };
  for (const { device } of state.models) {
    if (device?.gpus !== undefined && device.time >= newest.time) newest = { time: device.time, gpus: device.gpus };
  }
  return newest.gpus;
}

export function gpuText(gpu: Gpu): string {
  const parts = [`${formatBytes(gpu.memoryUsed)} of ${formatBytes(gpu.memoryTotal)}`];
  if (finite(gpu.utilization) !== undefined) parts.push(`${Math.round(gpu.utilization!)} %`);
  if (finite(gpu.temperature) !== undefined) parts.push(`${Math.round(gpu.temperature!)} °C`);
  if (finite(gpu.power) !== undefined) parts.push(`${Math.round(gpu.power!)} W`);
  return `${plainText(gpu.name)}: ${parts.join(", ")}`;
}
