// Two threads (or more) against one, beside what the machine itself has to give: as many processes of one thread each. In turn: one thread,
// the threads, one thread, the processes, one thread; every rate is held against the one-thread runs before and after it.
//
//   node bench/scaling.mjs [--models a,b] [--engine native] [--batch 512] [--threads 2] [--seconds 2] [--repeat 5]
//
// Keep the machine otherwise idle: a thread that the host stops makes the others wait, which processes of their own do not.
import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { median } from "./median.mjs";

const { values: options } = parseArgs({
  options: {
    models: { type: "string", default: "simple,deep,residual,vgg,compact,pyramid" },
    engine: { type: "string", default: "native" },
    batch: { type: "string", default: "512" },
    threads: { type: "string", default: "2" },
    seconds: { type: "string", default: "2" },
    repeat: { type: "string", default: "5" },
  },
});
const program = fileURLToPath(new URL("../bin/mnist-tui.js", import.meta.url));
const execute = promisify(execFile);

/** @returns images a second */
async function rate(model, threads, steps) {
  const args = ["bench", "--models", model, "--batch", options.batch, "--engine", options.engine];
  const { stdout } = await execute(process.execPath, [program, ...args, "--threads", String(threads), "--steps", String(steps), "--json"]);
  return JSON.parse(stdout).imagesPerSecond;
}

const column = (values) => `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`.padEnd(18);

const threads = Number(options.threads);
console.log(
  `${cpus()[0].model}, ${options.engine}, batch ${options.batch}, Node ${process.versions.node}, median (least–most) of ${options.repeat}`,
);
console.log(`${"".padEnd(10)}${`${threads} threads`.padEnd(18)}${threads} processes`);
for (const model of options.models.split(",")) {
  const steps = Math.max(4, Math.round((options.seconds * (await rate(model, 1, 4))) / Number(options.batch)));
  const ratios = { threads: [], processes: [] };
  for (let repetition = 0; repetition < Number(options.repeat); repetition++) {
    const first = await rate(model, 1, steps);
    const together = await rate(model, threads, threads * steps);
    const second = await rate(model, 1, steps);
    const apart = await Promise.all(Array.from({ length: threads }, () => rate(model, 1, steps)));
    const third = await rate(model, 1, steps);
    ratios.threads.push((2 * together) / (first + second));
    ratios.processes.push((2 * apart.reduce((sum, value) => sum + value)) / (second + third));
  }
  console.log(`${model.padEnd(10)}${column(ratios.threads)}${column(ratios.processes)}`);
}
