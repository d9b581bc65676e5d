import type { DeviceEvent } from "../run/events.js";
import { appendPoint, type Curve, emptyCurve, lastPoint } from "./curve.js";
import { finite, number } from "./numbers.js";
import type { GpuState, RunState } from "./run-state.js";
import { plainText } from "./text.js";

/** Several trainers report the same GPUs and the same machine; one point in half a second is enough. */
export function measured(state: RunState, event: DeviceEvent, time: number): Pick<RunState, "gpus" | "hostMemory"> {
  const seconds = (time - (state.started || time)) / 1000;
  const add = (curve: Curve, value: number | undefined): Curve => {
    const last = lastPoint(curve);
    if (last !== undefined && seconds - last.seconds < 0.5) return curve;
    return appendPoint(curve, { step: seconds, epoch: seconds, seconds, value: number(value) });
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
  return { gpus: gpus ?? state.gpus, hostMemory };
}
