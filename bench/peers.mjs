// Training throughput of this program beside PyTorch and Keras, in one run on one machine: for every preset and batch size the
// engines take turns, five times over, and the table shows medians, spreads and the ratio to the faster peer.
//
//   node bench/peers.mjs [--peers DIR] [--torch PYTHON] [--keras PYTHON] [--models a,b] [--batch 512,32]
//                        [--device cpu|cuda] [--engines native,wasm] [--repeat 5] [--threads N] [--seconds 1.5] [--out FOLDER]
//
// DIR holds bench_torch.py and bench_keras.py, which print the same JSON as `mnist-tui bench --json`. A PYTHON without its
// library is left out and named. Keep the machine otherwise idle.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./median.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({
  options: {
    peers: { type: "string", default: join(root, "..", "shared", "peers") },
    torch: { type: "string", default: "python3" },
    keras: { type: "string", default: "python3" },
    models: { type: "string", default: "simple,deep,residual,vgg,compact,pyramid" },
    batch: { type: "string", default: "512,32" },
    device: { type: "string", default: "cpu" },
    engines: { type: "string" },
    repeat: { type: "string", default: "5" },
    threads: { type: "string", default: String(availableParallelism()) },
    seconds: { type: "string", default: "1.5" },
    out: { type: "string" },
  },
});
const { threads, device } = options;
const engines = options.engines ?? (device === "cuda" ? "cuda" : "native,wasm");

/** @returns images a second; rejects what is not the JSON line of a benchmark */
function run(command, args) {
  const environment = { ...process.env, OMP_NUM_THREADS: threads, TF_CPP_MIN_LOG_LEVEL: "3" };
  const output = execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], env: environment });
  const line = JSON.parse(output.trim().split("\n").at(-1));
  return line.imagesPerSecond ?? line.images_per_s;
}

const script = (name) => join(options.peers, name);
const torch = (model, batch, steps, ...flags) =>
  run(options.torch, [
    script("bench_torch.py"),
    model,
    "--batch",
    batch,
    "--steps",
    steps,
    "--threads",
    threads,
    "--device",
    device,
    ...flags,
  ]);
const onCpu = {
  torch: (model, batch, steps) => torch(model, batch, steps),
  "torch channels-last": (model, batch, steps) => torch(model, batch, steps, "--channels-last"),
  keras: (model, batch, steps) => run(options.keras, [script("bench_keras.py"), model, "--batch", batch, "--steps", steps]),
};
// Keras's script has no device to choose.
const onCuda = {
  torch: (model, batch, steps) => torch(model, batch, steps),
  "torch compile": (model, batch, steps) => torch(model, batch, steps, "--compile"),
  "torch channels-last compile": (model, batch, steps) => torch(model, batch, steps, "--channels-last", "--compile"),
};
const contestants = device === "cuda" ? onCuda : onCpu;
for (const engine of engines.split(",")) {
  const flags = ["--engine", engine, "--threads", threads, "--json"];
  contestants[engine] = (model, batch, steps) =>
    run(process.execPath, [join(root, "bin", "mnist-tui.js"), "bench", "--models", model, "--batch", batch, "--steps", steps, ...flags]);
}

const spread = (list) => (Math.max(...list) - Math.min(...list)) / median(list);

/** Times each contestant `repeat` times, taking turns; the number of steps is chosen from a first, short run. */
function measure(model, batch) {
  const results = {};
  const steps = {};
  for (const [name, contestant] of Object.entries(contestants)) {
    try {
      const speed = contestant(model, batch, "3");
      steps[name] = String(Math.max(3, Math.min(400, Math.round((Number(options.seconds) * speed) / Number(batch)))));
      results[name] = [];
    } catch {
      console.error(`${name} does not run here and is left out`);
      delete contestants[name];
    }
  }
  for (let i = 0; i < Number(options.repeat); i++) {
    for (const name of Object.keys(results)) results[name].push(contestants[name](model, batch, steps[name]));
  }
  return results;
}

const rows = [];
for (const batch of options.batch.split(",")) {
  for (const model of options.models.split(",")) {
    const results = measure(model, batch);
    const peers = Object.entries(results).filter(([name]) => name === "keras" || name.startsWith("torch"));
    const bestPeer = Math.max(0, ...peers.map(([, list]) => median(list)));
    const bestTorch = Math.max(0, ...peers.filter(([name]) => name.startsWith("torch")).map(([, list]) => median(list)));
    const row = { model, batch: Number(batch), bestPeer, bestTorch, results };
    rows.push(row);
    console.error(`${Object.keys(results).join(", ")}: ${formatRow(row)}`);
  }
}

function formatRow({ model, batch, bestPeer, bestTorch, results }) {
  const cells = Object.entries(results).map(([name, list]) => {
    const ours = name !== "keras" && !name.startsWith("torch");
    const ratio =
      ours && bestPeer > 0
        ? `, ${(median(list) / bestPeer).toFixed(2)} × best peer, ${(median(list) / bestTorch).toFixed(2)} × PyTorch`
        : "";
    return `${Math.round(median(list)).toLocaleString("en")} (±${(50 * spread(list)).toFixed(0)} %${ratio})`;
  });
  return `| ${model} | ${batch} | ${cells.join(" | ")} |`;
}

const names = Object.keys(rows[0].results);
const date = new Date().toISOString().slice(0, 10);
const machine = `${cpus()[0].model}, ${threads} threads, Node ${process.version}`;
const table = [
  `Images a second, median of ${options.repeat} (± half the spread); ${date}, ${machine}`,
  "",
  `| preset | batch | ${names.join(" | ")} |`,
  `|---|---|${names.map(() => "---|").join("")}`,
  ...rows.map(formatRow),
].join("\n");
console.log(table);
if (options.out) {
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, "table.md"), `${table}\n\nCommand: node bench/peers.mjs ${process.argv.slice(2).join(" ")}\n`);
  writeFileSync(join(options.out, "results.json"), `${JSON.stringify({ date, machine, rows }, null, 2)}\n`);
}
