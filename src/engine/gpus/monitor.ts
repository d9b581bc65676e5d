import { nvidiaDriver } from "./driver.js";

/** How a GPU is at one moment. What its driver does not say is absent. */
export interface GpuReading {
  name: string;
  /** Bytes. */
  memoryUsed: number;
  memoryTotal: number;
  /** Per cent of the time in which a kernel ran. */
  utilization?: number;
  /** °C */
  temperature?: number;
  /** W */
  power?: number;
}

/** Reads all GPUs of the machine again and again. */
export interface GpuMonitor {
  source: "nvml" | "nvidia-smi";
  driver?: string;
  /** The newest figures; never waits for long and never throws. */
  read(): Promise<GpuReading[]>;
  /** Bytes that a process has on all of them together, where the driver tells. */
  processBytes(pid: number): Promise<number | undefined>;
  close(): void;
}

/**
 * Opens NVML through koffi, which costs a millisecond a reading, else nvidia-smi, which prints once a second.
 * @returns undefined where no NVIDIA driver is installed or neither way works; reasons says why
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
