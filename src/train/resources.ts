import { freemem, totalmem } from "node:os";
import { nvidiaDriver } from "../engine/gpus/driver.js";
import type { GpuMonitor, GpuReading } from "../engine/gpus/monitor.js";

const everyMilliseconds = 1000;

export interface Usage {
  hostBytes: number;
  cpuPercent: number;
  /** Of the whole machine, bytes. */
  machine: { memoryUsed: number; memoryTotal: number };
  /** Empty where none is seen; absent as long as its driver has not answered. */
  gpus?: GpuReading[];
  /** Memory of this process on them, bytes, where the driver tells. */
  gpuBytes?: number;
}

/**
 * Reports the GPUs' and the process's memory and processor time about once a second, as far as the event loop is free.
 * @returns stop() ends it
 */
export function watchResources(report: (usage: Usage) => void): { stop(): void } {
  let usage = process.cpuUsage();
  let time = performance.now();
  const gpus = new GpuWatch();
  const timer = setInterval(() => {
    const now = performance.now();
    const spent = process.cpuUsage(usage);
    const cpuPercent = (100 * (spent.user + spent.system)) / 1000 / (now - time);
    usage = process.cpuUsage();
    time = now;
    const memoryTotal = totalmem();
    const machine = { memoryUsed: memoryTotal - freemem(), memoryTotal };
    const hostBytes = process.memoryUsage.rss();
    report({ hostBytes, cpuPercent: Math.round(cpuPercent * 10) / 10, machine, ...gpus.look() });
  }, everyMilliseconds);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      gpus.close();
    },
  };
}

/** The GPUs as they were at the last look: a slow driver holds up no report. */
class GpuWatch {
  private monitor: GpuMonitor | undefined;
  private newest: Pick<Usage, "gpus" | "gpuBytes"> = {};
  private asking = false;
  private closed = false;

  constructor() {
    if (nvidiaDriver()) void this.open();
    else this.newest = { gpus: [] };
  }

  look(): Pick<Usage, "gpus" | "gpuBytes"> {
    if (this.monitor && !this.asking) void this.ask(this.monitor);
    return this.newest;
  }

  close(): void {
    this.closed = true;
    this.monitor?.close();
    this.monitor = undefined;
  }

  private async open(): Promise<void> {
    const { openGpuMonitor } = await import("../engine/gpus/monitor.js");
    this.monitor = await openGpuMonitor();
    if (!this.monitor) this.newest = { gpus: [] };
    if (this.closed) this.close();
    else this.look();
  }

  private async ask(monitor: GpuMonitor): Promise<void> {
    this.asking = true;
    const [gpus, gpuBytes] = await Promise.all([monitor.read(), monitor.processBytes(process.pid)]);
    this.newest = { gpus, gpuBytes };
    this.asking = false;
  }
}
