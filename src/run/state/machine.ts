import { plainText } from "../../util/plain-text.js";
import type { DeviceEvent } from "../events.js";
import { appendPoint, type Curve, emptyCurve, lastPoint } from "./curve.js";
import { finite, numberOrNaN } from "./numbers.js";
import type { GpuState, RunState } from "./state.js";

/** Several trainers report the same GPUs and the same machine; one point in half a second is enough. */
export function measured(state: RunState, event: DeviceEvent, time: number): Pick<RunState, "gpus" | "hostMemory"> {
  const seconds = (time - (state.started || time)) / 1000;
  const add = (curve: Curve, value: number | undefined): Curve => {
    const last = lastPoint(curve);
    if (last !== undefined && seconds - last.seconds < 0.5) return curve;
    return appendPoint(curve, { step: seconds, epoch: seconds, seconds, value: numberOrNaN(value) });
  };
  const gpus = event.gpus?.map((gpu, index): GpuState => {
    const before = state.gpus[index] ?? { memory: emptyCurve, utilization: emptyCurve, temperature: emptyCurve, power: emptyCurve };
    return {
      name: plainText(gpu.name),
      memoryTotal: finite(gpu.memoryTotal) ?? 0,
      memory: add(before.memory, gpu.memoryUsed),
      utilization: add(before.utilization, gpu.utilization),
      temperature: add(before.temperature, gpu.temperature),
      power: add(before.power, gpu.power),
    };
  });
  const { machine } = event;
  const hostMemory =
    machine === undefined ? state.hostMemory : { total: machine.memoryTotal, used: add(state.hostMemory.used, machine.memoryUsed) };
  // The curves of a GPU that does not answer any more stay.
  return { gpus: gpus !== undefined && gpus.length > 0 ? gpus : state.gpus, hostMemory };
}

export type GpuReading = NonNullable<DeviceEvent["gpus"]>[number];

/** GPUs are the machine's, not a model's: the newest event of any trainer says how they are. @returns undefined as long as none does */
export function newestGpus({ models }: RunState): GpuReading[] | undefined {
  let newest: { time: number; gpus: GpuReading[] } | undefined;
  for (const { device } of models) {
    if (device?.gpus !== undefined && device.time >= (newest?.time ?? 0)) newest = { time: device.time, gpus: device.gpus };
  }
  return newest?.gpus;
}

/** @returns whether it is known that there is no GPU: none has figures, and no trainer has memory on one */
export function isHostOnly(state: RunState): boolean {
  return newestGpus(state)?.length === 0 && state.models.every(({ device }) => finite(device?.deviceBytes) === undefined);
}
