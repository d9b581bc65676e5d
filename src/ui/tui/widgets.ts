import type { WidgetName } from "../panels/layout.js";
import { accuracy, cpu, gpuMemory, gpuPower, gpuTemperature, gpuUtilization, hostMemory, loss, memory, norm, speed } from "./chart.js";
import { confusion, confusionDetail, confusionSmall } from "./confusion.js";
import type { Painter } from "./context.js";
import { device } from "./device.js";
import { filters } from "./filters.js";
import { gauges } from "./gauges.js";
import { layers } from "./layers.js";
import { log, logLine } from "./log.js";
import { samples, samplesSmall } from "./samples.js";
import { summary } from "./summary.js";
import { compactTable, table } from "./table.js";

/** Who paints what the layout names. */
export const painters: Record<WidgetName, Painter> = {
  loss,
  accuracy,
  gauges,
  table,
  compactTable,
  device,
  log,
  logLine,
  summary,
  confusionSmall,
  samplesSmall,
  confusion,
  confusionDetail,
  samples,
  layers,
  filters,
  memory,
  cpu,
  speed,
  hostMemory,
  norm,
  gpuMemory,
  gpuUtilization,
  gpuTemperature,
  gpuPower,
};
