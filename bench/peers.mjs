// Measures the training throughput of this program, PyTorch and Keras in one run on one machine: for every preset and batch size the
// engines take turns, five times over, and the table shows medians, spreads and the ratio to the faster peer.
//
//   node bench/peers.mjs [--torch PYTHON] [--keras PYTHON] [--models a,b] [--batch 512,32] [--device cpu|cuda] [--engines native,wasm]
//                        [--repeat 5] [--threads N] [--seconds 1.5] [--peers DIR] [--out FOLDER]
//
// A PYTHON is an interpreter with the library installed (bench/peers/requirements.txt); an interpreter without it is left out and named. DIR
// (default: bench/peers) holds bench_torch.py and bench_keras.py, which print the same JSON as `mnist-tui bench --json`. Keep the machine otherwise idle.
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./median.mjs";
import { record, table } from "./record.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({
  options: {
    peers: { type: "string", default: join(root, "bench", "peers") },
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

/** Versions of the libraries, as the peers' output names them. */
const versions = new Set();

/** @returns images per second @throws where the last line is not the JSON of a benchmark */
function run(command, args) {
  const environment = { ...process.env, OMP_NUM_THREADS: threads, TF_CPP_MIN_LOG_LEVEL: "3" };
  const output = execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env: environment });
  const line = JSON.parse(output.trim().split("\n").at(-1));
  if (line.peer) versions.add(line.peer.replace(/ (channels_last|compile)/g, ""));
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
// Keras's script has no option for the device, so it is no contestant here.
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

/** Times each contestant `repeat` times, in turns; a first, short run decides the number of steps. */
function measure(model, batch) {
  const results = {};
  const steps = {};
  for (const [name, contestant] of Object.entries(contestants)) {
    try {
      const speed = contestant(model, batch, "3");
      steps[name] = String(Math.max(3, Math.min(400, Math.round((Number(options.seconds) * speed) / Number(batch)))));
      results[name] = [];
    } catch (error) {
      const reason = String(error.stderr || error.message)
        .trim()
        .split("\n")
        .at(-1);
      console.error(`${name} does not run here and is left out: ${reason}`);
      delete contestants[name];
    }
  }
  for (let i = 0; i < Number(options.repeat); i++) {
    for (const name of Object.keys(results)) results[name].push(contestants[name](model, batch, steps[name]));
  }
  return results;
}

const isTorch = (name) => name.startsWith("torch");
const isPeer = (name) => name === "keras" || isTorch(name);
const fastest = (results, test) =>
  Math.max(
    0,
    ...Object.entries(results)
      .filter(([name]) => test(name))
      .map(([, list]) => median(list)),
  );

const rows = [];
for (const batch of options.batch.split(",")) {
  for (const model of options.models.split(",")) {
    const results = measure(model, batch);
    const row = { model, batch: Number(batch), bestPeer: fastest(results, isPeer), bestTorch: fastest(results, isTorch), results };
    rows.push(row);
    const cells = Object.keys(results).map((name) => `${name} ${cell(row, name)}`);
    console.error(`${model}, batch ${batch}: ${cells.join(", ")}`);
  }
}

/** @returns a contestant's median, its spread and, for this program's engines, the ratios to the faster peer and to the faster variant of PyTorch */
function cell({ bestPeer, bestTorch, results }, name) {
  const list = results[name];
  if (!list) return "–";
  const ratio = (peer, text) => (peer > 0 && !isPeer(name) ? `, ${(median(list) / peer).toFixed(2)} × ${text}` : "");
  const ratios = ratio(bestPeer, "best peer") + ratio(bestTorch, "PyTorch");
  return `${Math.round(median(list)).toLocaleString("en")} (±${(50 * spread(list)).toFixed(0)} %${ratios})`;
}

/** @returns part of a sentence: the range of an engine's ratios to the faster peer at a batch size */
function verdict(engine, batch) {
  const ratios = rows.filter((row) => String(row.batch) === batch && row.bestPeer > 0 && row.results[engine]);
  const list = ratios.map(({ bestPeer, results }) => median(results[engine]) / bestPeer);
  if (list.length === 0) return `${engine} beside no peer at batch ${batch}`;
  return `${engine} at ${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)} times the faster peer at batch ${batch}`;
}

const names = [...new Set(rows.flatMap(({ results }) => Object.keys(results)))];
const date = new Date().toISOString().slice(0, 10);
const machine = `${cpus()[0].model}, ${threads} threads, Node ${process.version}`;
const body = rows.map((row) => [row.model, row.batch, ...names.map((name) => cell(row, name))]);
const figures = `Images a second, median of ${options.repeat} (± half the spread); ${machine}\n\n${table(["preset", "batch", ...names], body)}`;
console.log(figures);
if (options.out) {
  const engineNames = names.filter((name) => !isPeer(name));
  record(options.out, {
    title: "Training speed beside PyTorch and Keras",
    question: "how fast do the presets train beside PyTorch and Keras on the same machine?",
    software: [...versions].join(", "),
    verdict: engineNames.flatMap((name) => options.batch.split(",").map((batch) => verdict(name, batch))).join("; "),
    figures,
    data: { "results.json": `${JSON.stringify({ date, machine, rows }, null, 2)}\n` },
  });
}
