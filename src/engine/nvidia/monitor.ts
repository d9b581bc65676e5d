import { nvidiaDriver } from "./libraries.js";
import type { GpuMonitor } from "./reading.js";

/**
 * Opens NVML through koffi, which costs a millisecond a reading, else nvidia-smi, which prints once a second.
 * @returns undefined where no NVIDIA driver is installed or neither way works; `reasons` then says why
 */
export async function openGpuMonitor(reasons: string[] = []): Promise<GpuMonitor | undefined> {
  const library = nvidiaDriver();
  if (library === undefined) {
    reasons.push("No NVIDIA driver is installed.");
    return undefined;
  }
  const ways = [async () => (await import("./nvml.js")).openNvml(library), async () => (await import("./nvidia-smi.js")).openNvidiaSmi()];
  for (const open of ways) {
    try {
      return await open();
    } catch (error) {
      reasons.push(`${(error as Error).message.split("\n")[0].replace(/\.$/, "")}.`);
    }
  }
  return undefined;
}
