import { Command } from "commander";
import { type DatasetPlace, locateDatasets } from "../doctor/datasets.js";
import { type EngineReport, inspectEngines } from "../doctor/engines.js";
import { type GpuReport, inspectGpus } from "../doctor/gpus.js";
import { inspectMachine, type MachineReport } from "../doctor/machine.js";
import { formatBytes } from "../ui/format.js";
import { terminalTraits } from "../ui/terminal.js";
import { numberOption } from "./options.js";
import { colorWanted, dashboardProblem, writeOutput, writeText } from "./output.js";

interface DoctorOptions {
  json?: boolean;
  wait: number;
}

interface TerminalReport {
  term: string;
  colors: number;
  charset: "unicode" | "ascii";
  columns?: number;
  rows?: number;
  /** One sentence why the dashboard cannot be shown here. */
  problem?: string;
}

interface DoctorReport {
  machine: MachineReport;
  gpus: GpuReport;
  engines: EngineReport[];
  datasets: DatasetPlace[];
  terminal: TerminalReport;
}

/** `mnist-tui doctor`: the engines, devices and datasets of this machine, why others cannot be used, and how to get them. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("which engines and devices are usable here, why the others are not, and how to get them")
    .option("--json", "one JSON object on standard output")
    .addOption(
      numberOption("--wait <seconds>", "how long an engine may take to answer; a first start of CUDA can need a minute", {
        least: 0.1,
        most: 600,
        kind: "any",
        unit: "seconds",
      }).default(1.5),
    )
    .addHelpText("after", "\nExample:\n  mnist-tui doctor --wait 60\n")
    .action(async ({ json, wait }: DoctorOptions) => {
      const report = await inspect(1000 * wait);
      if (json) writeOutput(`${JSON.stringify(report)}\n`);
      else writeText(`${reportLines(report).join("\n")}\n`);
    });
}

async function inspect(timeoutMilliseconds: number): Promise<DoctorReport> {
  const [gpus, engines] = await Promise.all([inspectGpus(timeoutMilliseconds), inspectEngines(timeoutMilliseconds)]);
  return { machine: inspectMachine(), gpus, engines, datasets: locateDatasets(), terminal: inspectTerminal() };
}

function inspectTerminal(): TerminalReport {
  const { depth, charset } = terminalTraits({ env: process.env, ascii: false, color: colorWanted() });
  const { columns, rows } = process.stdout;
  return {
    term: process.env.TERM ?? "",
    colors: depth === 1 ? 2 : depth,
    charset,
    columns,
    rows,
    problem: dashboardProblem(),
  };
}

function reportLines({ machine, gpus, engines, datasets, terminal }: DoctorReport): string[] {
  const label = (text: string) => text.padEnd(13);
  const indented = (text: string) => `${" ".repeat(13)}${text}`;
  const machineLines = [
    `${label("system")}${machine.system}, ${machine.arch}, Node ${machine.node}`,
    `${label("processor")}${machine.cpu}, ${machine.cores} core${machine.cores === 1 ? "" : "s"}`,
    ...(machine.simd.length > 0 ? [indented(machine.simd.join(" "))] : []),
    `${label("memory")}${formatBytes(machine.memoryFree)} free of ${formatBytes(machine.memoryTotal)}`,
  ];
  const gpuLines = gpus.gpus.map((gpu, i) => {
    const parts = [`${formatBytes(gpu.memoryUsed)} of ${formatBytes(gpu.memoryTotal)} used`];
    if (gpu.utilization !== undefined) parts.push(`${gpu.utilization} % busy`);
    if (gpu.temperature !== undefined) parts.push(`${gpu.temperature} °C`);
    if (gpu.power !== undefined) parts.push(`${Math.round(gpu.power)} W`);
    return `${label(`GPU ${i}`)}${gpu.name}, ${parts.join(", ")}, driver ${gpus.driver ?? "unknown"} (${gpus.source})`;
  });
  const engineLines = engines.flatMap((engine) => [
    `${label(engine.name)}${engine.usable ? `usable${engine.auto ? ", chosen by auto" : ""}: ${engine.device}` : "not usable"}`,
    ...(engine.reason ? [indented(engine.reason)] : []),
    ...(engine.help ? [indented(`try: ${engine.help}`)] : []),
  ]);
  const datasetLines = datasets.map(({ name, folder, files }) => {
    const absent = name === "synthetic" ? "is generated when it is needed" : "not found; training downloads it";
    return `${name.padEnd(15)}${folder ? `${files} of 4 files in ${folder}` : absent}`;
  });
  const size = terminal.columns === undefined ? "" : `, ${terminal.columns}×${terminal.rows}`;
  const terminalText = `TERM=${terminal.term || "(none)"}, ${terminal.colors === 2 ? "no" : terminal.colors} colours, ${terminal.charset}${size}`;
  return [
    ...machineLines,
    ...(gpuLines.length > 0 ? gpuLines : [`${label("GPU")}${gpus.problem}`]),
    "",
    "engines",
    ...engineLines,
    "",
    "datasets",
    ...datasetLines,
    "",
    `${label("terminal")}${terminalText}`,
    indented(terminal.problem ? `no dashboard here: ${terminal.problem}` : "the dashboard can be shown"),
  ];
}
