import { openGpuMonitor } from "../engine/nvidia/monitor.js";

/** A child process: asks the driver for all GPUs and prints its answers. */
const reasons: string[] = [];
const monitor = await openGpuMonitor(reasons);
const gpus = (await monitor?.read()) ?? [];
process.stdout.write(`\n${JSON.stringify({ gpus, driver: monitor?.driver, source: monitor?.source, reasons })}\n`);
monitor?.close();
