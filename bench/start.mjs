// Measures the time from the command line to the first training step: until `train --json` prints its first step event, at the step's end.
//
//   node bench/start.mjs [--model simple] [--repeat 15] [--programs bin/mnist-tui.js,OTHER/bin/mnist-tui.js]
//                        [--out FOLDER]
//
// Several programs, such as builds before and after a change, take turns. Keep the machine otherwise idle.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./median.mjs";
import { csv, record, table } from "./record.mjs";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: "simple" },
    repeat: { type: "string", default: "15" },
    out: { type: "string" },
    programs: { type: "string", default: fileURLToPath(new URL("../bin/mnist-tui.js", import.meta.url)) },
  },
});
const runs = mkdtempSync(join(tmpdir(), "mnist-tui-start-"));

/** @returns milliseconds until the first step's event */
async function start(program) {
  const args = [program, "train", "--model", options.model, "--json", "--checkpoint-dir", runs];
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let first;
  let printed = "";
  child.stdout.on("data", (text) => {
    if (first !== undefined) return;
    printed += text;
    if (!printed.includes('"type":"step"')) return;
    first = performance.now() - began;
    child.kill("SIGINT");
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (first === undefined) throw new Error(`${program} ended with exit code ${code} before its first step`);
  // The files that the run has saved are still being written to the disk.
  await sleep(500);
  return first;
}

const times = new Map(options.programs.split(",").map((program) => [program, []]));
try {
  for (let repetition = 0; repetition < Number(options.repeat); repetition++) {
    for (const [program, list] of times) list.push(await start(program));
  }
} finally {
  rmSync(runs, { recursive: true, force: true });
}
console.log(`${cpus()[0].model}, ${options.model}, Node ${process.versions.node}, milliseconds, median (least–most) of ${options.repeat}`);
const rows = [...times].map(([program, list]) => {
  const [middle, least, most] = [median(list), Math.min(...list), Math.max(...list)].map((time) => time.toFixed(0));
  console.log(`${middle} (${least}–${most})  ${program}`);
  return { program, middle, least, most };
});
if (options.out) {
  // A program's path on this machine tells a reader nothing: the programs are called A, B and so on.
  const cells = rows.map(({ middle, least, most }, i) => ["ABCDEFGH"[i], options.model, middle, least, most]);
  record(options.out, {
    title: "From the command line to the first step",
    question: `how long does train take until the first step of ${options.model} is done?`,
    verdict: `median ${rows.map(({ middle }) => `${middle} ms`).join(", ")}`,
    figures: table(["program", "preset", "median, ms", "least", "most"], cells),
    data: { "start.csv": csv(["program", "preset", "median_ms", "least_ms", "most_ms"], cells) },
  });
}
