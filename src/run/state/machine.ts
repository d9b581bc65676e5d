import { plainText } from "../../util/plain-text.js";
import type { DeviceEvent } from "../events.js";
import { appendPoint, type Curve, emptyCurve, lastPoint } from "./curve.js";
import { finite, numberOrNaN } from "./numbers.js";
import type { GpuState, RunState } from "./state.js";

/**
 * Several trainers report the same GPUs and the same machine; one point in half a second is enough.
 * @param seconds the run's time
 */
export function measured(state: RunState, event: DeviceEvent, seconds: number): Pick<RunState, "gpus" | "gpuReadings" | "hostMemory"> {
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
  return { gpus: gpus !== undefined && gpus.length > 0 ? gpus : state.gpus, gpuReadings: event.gpus ?? state.gpuReadings, hostMemory };
}

/** @returns whether it is known that there is no GPU: none has figures, and no trainer has memory on one */
export function isHostOnly(state: RunState): boolean {
  return state.gpuReadings?.length === 0 && state.models.every(({ device }) => finite(device?.deviceBytes) === undefined);
}
