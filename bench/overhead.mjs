// Measures the cost of a run beside its training steps: the dashboard, the event log, a second model on the same cores. Every repetition runs, in
// turn, the engine alone (`bench`), a run without a display, a run in a terminal with the dashboard, and a run of two models.
//
//   node bench/overhead.mjs [--model simple] [--second residual] [--batch 512] [--seconds 10] [--repeat 5] [--threads N]
//
// A rate is images per second over epochs of 20,480 images, evaluations left out; the two models' rates are taken over the time in which both
// train, each as a share of its rate alone. Keep the machine otherwise idle. Rates scatter by more than the costs to be measured. So on Linux the
// table also gives the processor time of the process that draws and writes the log, as a share of the time of all threads: an upper bound of its cost.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pty from "@lydell/node-pty";
import { median } from "./median.mjs";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: "simple" },
    second: { type: "string", default: "residual" },
    batch: { type: "string", default: "512" },
    seconds: { type: "string", default: "10" },
    repeat: { type: "string", default: "5" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const program = fileURLToPath(new URL("../bin/mnist-tui.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mnist-tui-overhead-"));
const benchSteps = 100;
/** Milliseconds that are not counted: in the first second, code is compiled and the dashboard is drawn for the first time. */
const warmUp = 1000;

function engineAlone(model) {
  const args = ["bench", "--models", model, "--batch", options.batch, "--steps", benchSteps, "--threads", options.threads, "--json"];
  return JSON.parse(execFileSync(process.execPath, [program, ...args], { encoding: "utf8" })).imagesPerSecond;
}

/** @returns milliseconds of processor time that the process alone has used, and the time of reading them; undefined where there is no /proc */
function processorTime(pid) {
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return undefined;
  // User and system time, in hundredths of a second, among the fields behind the command's name.
  const fields = readFileSync(stat, "utf8").split(") ")[1].split(" ");
  return { time: performance.now(), used: 10 * (Number(fields[11]) + Number(fields[12])) };
}

/**
 * Trains for the wanted time, in a terminal or without one.
 * @returns each model's epoch events, and the share of all threads' time that the drawing and logging process took
 */
async function train(models, terminal) {
  const name = `run-${performance.now()}`;
  const args = [program, "train", ...(models.length > 1 ? ["--compare", models.join()] : ["--model", models[0]])];
  args.push(
    "--batch-size",
    options.batch,
    "--epochs",
    "1000",
    "--threads",
    options.threads,
    "--limit-train",
    "20480",
    "--limit-test",
    "500",
  );
  args.push("--checkpoint-dir", folder, "--run", name, ...(terminal ? [] : ["--json"]));
  const child = pty.spawn(process.execPath, args, { cols: 160, rows: 48, name: "xterm-256color", env: { ...process.env, CI: "" } });
  child.onData(() => {});
  const ended = new Promise((resolve) => child.onExit(({ exitCode }) => resolve(exitCode)));
  await sleep(2 * warmUp);
  const warm = processorTime(child.pid);
  await sleep(1000 * options.seconds - warmUp);
  const end = processorTime(child.pid);
  child.kill("SIGINT");
  const code = await ended;
  if (code !== 130) throw new Error(`train ended with ${code}`);
  const share = warm && (end.used - warm.used) / (end.time - warm.time) / Number(options.threads);
  const epochs = models.map((model) => {
    const lines = readFileSync(join(folder, name, model, "events.jsonl"), "utf8")
      .trim()
      .split("\n");
    const epochs = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "epoch");
    if (epochs.length === 0) throw new Error(`${model} ended no epoch in ${options.seconds} s: give it more --seconds.`);
    return epochs;
  });
  return { epochs, share };
}

/** @returns images per second of the epochs, or parts of them, that lie in the time given, evaluations left out */
function rateOf(epochs, from, to) {
  let images = 0,
    trained = 0;
  for (const { time, seconds, imagesPerSecond } of epochs) {
    const within = Math.max(0, Math.min(time, to) - Math.max(time - 1000 * seconds, from)) / 1000;
    trained += within;
    images += within * imagesPerSecond;
  }
  return images / trained;
}

const start = (epochs) => epochs[0].time - 1000 * epochs[0].seconds + warmUp;
const alone = ({ epochs: [epochs] }) => rateOf(epochs, start(epochs), Number.POSITIVE_INFINITY);
function together({ epochs: both }) {
  const from = Math.max(...both.map(start)),
    to = Math.min(...both.map((epochs) => epochs.at(-1).time));
  return both.map((epochs) => rateOf(epochs, from, to));
}

const count = (value) => Math.round(value).toLocaleString("en");
function line(name, values, per) {
  const middle = median(values),
    spread = (100 * (Math.max(...values) - Math.min(...values))) / 2 / middle;
  console.log(
    `${name.padEnd(44)} ${(per ? `${(100 * middle).toFixed(1)} %` : `${count(middle)} images/s`).padStart(18)}  (±${spread.toFixed(1)} %)`,
  );
}

const { model, second } = options;
const rates = { engine: [], plain: [], dashboard: [], second: [], shares: [] };
const processor = { plain: [], dashboard: [] };
try {
  for (let repetition = 0; repetition < Number(options.repeat); repetition++) {
    rates.engine.push(engineAlone(model));
    for (const display of ["plain", "dashboard"]) {
      const run = await train([model], display === "dashboard");
      rates[display].push(alone(run));
      if (run.share !== undefined) processor[display].push(run.share);
    }
    rates.second.push(alone(await train([second], false)));
    const both = together(await train([model, second], false));
    rates.shares.push(both[0] / rates.plain.at(-1) + both[1] / rates.second.at(-1));
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(
  `${cpus()[0].model}, ${options.threads} threads, batch ${options.batch}, Node ${process.versions.node}, median of ${options.repeat}`,
);
line(`${model}, engine alone`, rates.engine);
line(`${model}, a run with its event log`, rates.plain);
line(`${model}, with the dashboard in 160×48`, rates.dashboard);
line(`${second}, a run with its event log`, rates.second);
line(
  "dashboard, of the rate without",
  rates.dashboard.map((rate, i) => rate / rates.plain[i]),
  true,
);
line(
  "event log, of the engine alone",
  rates.plain.map((rate, i) => rate / rates.engine[i]),
  true,
);
line("both models together, of the sum of shares", rates.shares, true);
if (processor.plain.length > 0) {
  line("processor time beside training, without", processor.plain, true);
  line("and with the dashboard", processor.dashboard, true);
}
