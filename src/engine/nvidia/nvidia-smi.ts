import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { GpuMonitor, GpuReading } from "./reading.js";

const fields = ["index", "name", "memory.used", "memory.total", "utilization.gpu", "temperature.gpu", "power.draw", "driver_version"];
const firstAnswerMilliseconds = 5_000;

/** Has nvidia-smi print the figures of all GPUs once a second. @throws where it is missing or does not answer */
export function openNvidiaSmi(command = "nvidia-smi"): Promise<GpuMonitor> {
  const child = spawn(command, [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits", "--loop=1"], {
    stdio: ["ignore", "pipe", "ignore"],
    windowsHide: true,
  });
  const readings = new Map<number, GpuReading>();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error("nvidia-smi does not answer"));
    }, firstAnswerMilliseconds);
    child.on("error", () => {
      clearTimeout(timer);
      reject(new Error("nvidia-smi is not installed"));
    });
    child.on("exit", () => {
      clearTimeout(timer);
      // The last readings are outdated.
      readings.clear();
      reject(new Error("nvidia-smi ended without an answer"));
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      const parsed = parseLine(line);
      if (!parsed) return;
      readings.set(parsed.index, parsed.reading);
      clearTimeout(timer);
      child.unref();
      resolve({
        source: "nvidia-smi",
        driver: parsed.driver,
        read: async () => [...readings.values()],
        processBytes: async () => undefined,
        close: () => void child.kill(),
      });
    });
  });
}

/** @param line "0, NVIDIA H200, 1234, 143771, 37, 41, 120.53, 570.1", memory in MiB; "[N/A]" where it is not known */
export function parseLine(line: string): { index: number; reading: GpuReading; driver: string } | undefined {
  const cells = line.split(",").map((cell) => cell.trim());
  if (cells.length !== fields.length) return undefined;
  const [index, , used, total, utilization, temperature, power] = cells.map((cell) => {
    const value = Number.parseFloat(cell);
    return Number.isFinite(value) ? value : undefined;
  });
  if (index === undefined || used === undefined || total === undefined) return undefined;
  const reading = { name: cells[1], memoryUsed: used * 2 ** 20, memoryTotal: total * 2 ** 20, utilization, temperature, power };
  return { index, reading, driver: cells[7] };
}
