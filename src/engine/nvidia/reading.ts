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
