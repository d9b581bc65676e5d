import { noDriver, nvidiaDriver } from "../engine/nvidia/libraries.js";
import type { GpuReading } from "../engine/nvidia/reading.js";
import { askChild } from "../util/child-probe.js";

export interface GpuReport {
  gpus: GpuReading[];
  driver?: string;
  source?: string;
  /** One sentence: why no GPU is listed. */
  problem?: string;
}

/** Finds NVIDIA GPUs; the webgpu engine lists those of other makers. */
export async function inspectGpus(timeoutMilliseconds: number): Promise<GpuReport> {
  if (!nvidiaDriver()) return { gpus: [], problem: noDriver().reason };
  const script = new URL("./gpu-probe.js", import.meta.url);
  const result = await askChild<Omit<GpuReport, "problem"> & { reasons: string[] }>({ script, timeoutMilliseconds });
  if ("reason" in result) return { gpus: [], problem: `An NVIDIA driver is installed, but asking it failed: ${result.reason}` };
  const { gpus, driver, source, reasons } = result.answer;
  return {
    gpus,
    driver,
    source,
    problem: gpus.length > 0 ? undefined : `An NVIDIA driver is installed, but no GPU answers. ${reasons.join(" ")}`.trim(),
  };
}
