/** A GPU's figures at one moment; those that its driver does not report are absent. */
export interface GpuReading {
  name: string;
  /** Bytes. */
  memoryUsed: number;
  memoryTotal: number;
  /** Percentage of the time in which a kernel ran. */
  utilization?: number;
  /** °C */
  temperature?: number;
  /** W */
  power?: number;
}

/** Reads the figures of all GPUs of the machine, as often as it is asked. */
export interface GpuMonitor {
  source: "nvml" | "nvidia-smi";
  driver?: string;
  /** @returns the newest figures, one reading a GPU; never waits for long and never throws */
  read(): Promise<GpuReading[]>;
  /** @returns bytes that a process has on all GPUs together, or undefined where the driver does not tell */
  processBytes(pid: number): Promise<number | undefined>;
  close(): void;
}
