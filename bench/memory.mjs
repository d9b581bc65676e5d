#!/usr/bin/env node
// Measures a trainer's peak resident memory (VmHWM) in one epoch, with its evaluation and the checkpoint at its end. Linux only.
//
//   node bench/memory.mjs [--models a,b] [--engine native] [--batch 512] [--limit-train 60000] [--repeat 3] [--out FOLDER]
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./median.mjs";
import { csv, record, table } from "./record.mjs";

const { values: options } = parseArgs({
  options: {
    models: { type: "string", default: "simple,deep,residual,vgg,compact,pyramid" },
    engine: { type: "string", default: "native" },
    batch: { type: "string", default: "512" },
    "limit-train": { type: "string", default: "60000" },
    repeat: { type: "string", default: "3" },
    out: { type: "string" },
  },
});
const program = fileURLToPath(new URL("../bin/mnist-tui.js", import.meta.url));
const runs = mkdtempSync(join(tmpdir(), "mnist-tui-memory-"));

/** @returns megabytes at the peak so far; 0 where the process has ended or is ending: then it has no memory */
function peak(pid) {
  try {
    const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0;
    return (Number(kilobytes) * 1024) / 1e6;
  } catch {
    return 0;
  }
}

/** Trains one epoch; the trainer's `start` event names its process. @returns megabytes */
async function measure(model) {
  const flags = ["--engine", options.engine, "--batch-size", options.batch, "--limit-train", options["limit-train"]];
  const args = [program, "train", "--model", model, "--epochs", "1", "--json", "--checkpoint-dir", runs, ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  let most = 0;
  let pid;
  const timer = setInterval(() => {
    if (pid) most = Math.max(most, peak(pid));
  }, 20);
  child.stdout.on("data", (text) => {
    if (pid) return;
    printed += text;
    pid = Number(/"type":"start".*?"pid":(\d+)/.exec(printed)?.[1]) || undefined;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(timer);
  if (code !== 0 || most === 0) throw new Error(`train ended with exit code ${code} and ${most} MB seen`);
  return Math.round(most);
}

const rows = [];
try {
  for (const model of options.models.split(",")) {
    const peaks = [];
    for (let repetition = 0; repetition < Number(options.repeat); repetition++) peaks.push(await measure(model));
    rows.push([model, median(peaks), Math.min(...peaks), Math.max(...peaks)]);
    console.log(`${model.padEnd(10)}${median(peaks)} MB (${Math.min(...peaks)}–${Math.max(...peaks)})`);
  }
} finally {
  rmSync(runs, { recursive: true, force: true });
}
if (options.out) {
  record(options.out, {
    title: "Peak memory of a trainer",
    question: `how much memory does a trainer take at batch ${options.batch} (${options.engine})?`,
    verdict: `at most ${Math.max(...rows.map((row) => row[3]))} MB`,
    figures: table(["preset", "MB, median", "least", "most"], rows),
    data: { "memory.csv": csv(["preset", "median_mb", "least_mb", "most_mb"], rows) },
  });
}
