#!/usr/bin/env node
// Checks that two builds train the same weights, bit for bit: a refactoring must not change a result.
//
//   node bench/same-weights.mjs BUILD_A BUILD_B [--presets simple,deep,…] [--engines native,wasm,reference] [--optimizers adam,sgd,rmsprop]
//                               [--threads 1,2] [--batches 100,512] [--dataset NAME] [--seed N] [--json]
//
// A BUILD is a built checkout, run by its command line alone, so that the two may differ inside. A case is a preset, engine, optimizer, number of
// threads and batch size: both builds train it for some steps with augmentation, the preset's dropout, weight decay and a learning rate that changes
// every step, and the SHA-256 of last/weights.safetensors, of last/optimizer.safetensors and of the evaluation's figures (test loss, confusion) are
// compared. `reference` is slow: it takes one thread and only a few images. Prints one line for each case. Exit code: 0 all the same, 1 a case differs or
// failed in a build, 2 wrong usage. Start both builds with the same dataset at hand (MNIST_TUI_DATA, or MNIST in the cache); MNIST is the default.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const usage = `Usage: node bench/same-weights.mjs BUILD_A BUILD_B [--presets …] [--engines …] [--optimizers …] [--threads …] [--batches …]
       [--dataset …] [--seed …] [--json]`;
const { builds, options } = readArguments();
const list = (text) => text.split(",").filter(Boolean);

/** Flags of every case, beside its own engine, optimizer, threads and batch size. */
const common = [
  ...["--epochs", "1", "--seed", options.seed, "--schedule", "onecycle", "--weight-decay", "0.0001"],
  ...["--augment", "rotate=15,crop=22@0.3,shift=2,scale=0.1"],
  ...(options.dataset ? ["--dataset", options.dataset] : []),
];
/** RMSprop has a second slot only where it has momentum. */
const optimizerFlags = { rmsprop: ["--momentum", "0.5"] };
/** Images for training and testing. Depending on the batch size, the last batch of an epoch is a whole one or a smaller one. */
const images = ["--limit-train", "1280", "--limit-test", "300"];
const referenceImages = ["--limit-train", "12", "--limit-test", "4"];
const referenceBatch = "4";

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        presets: { type: "string", default: "simple,deep,residual,vgg,compact,pyramid" },
        engines: { type: "string", default: "native,wasm,reference" },
        optimizers: { type: "string", default: "adam,sgd,rmsprop" },
        threads: { type: "string", default: "1,2" },
        batches: { type: "string", default: "100,512" },
        dataset: { type: "string" },
        seed: { type: "string", default: "7" },
        json: { type: "boolean", default: false },
      },
    });
    if (positionals.length !== 2) throw new Error(`expected two builds, got ${positionals.length}`);
    for (const build of positionals) {
      for (const part of ["bin/mnist-tui.js", "dist"]) {
        if (!existsSync(join(build, part))) throw new Error(`${build} has no ${part}: give the folder of a checkout in which npm ci ran`);
      }
    }
    return { builds: positionals.map((build) => resolve(build)), options: values };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

/** @returns the runs to make: each trains all presets at the same time, every one in its own process */
function* plan() {
  for (const engine of list(options.engines)) {
    const reference = engine === "reference";
    for (const threads of reference ? ["1"] : list(options.threads)) {
      for (const optimizer of list(options.optimizers)) {
        for (const batch of reference ? [referenceBatch] : list(options.batches)) yield { engine, threads, optimizer, batch };
      }
    }
  }
}

/** Trains all presets in one run. @returns for every preset the digests of its results, or the reason why it has none */
async function train(build, { engine, threads, optimizer, batch }) {
  const folder = mkdtempSync(join(tmpdir(), "mnist-tui-same-weights-"));
  try {
    const flags = ["--engine", engine, "--threads", threads, "--optimizer", optimizer, "--batch-size", batch];
    const { code, output } = await runProgram(build, [
      ...["train", "--plain", "--run", "same", "--checkpoint-dir", folder, "--compare", list(options.presets).join()],
      ...[...flags, ...(optimizerFlags[optimizer] ?? []), ...(engine === "reference" ? referenceImages : images), ...common],
    ]);
    return Object.fromEntries(
      list(options.presets).map((preset) => {
        try {
          return [preset, digests(join(folder, "same", preset))];
        } catch {
          const lines = output.trim().split("\n");
          const reason = lines.find((line) => line.startsWith(`${preset}  error`)) ?? lines.at(-1);
          return [preset, { failed: `exit code ${code}: ${reason}` }];
        }
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runProgram(build, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(build, "bin/mnist-tui.js"), ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

function digests(folder) {
  const lines = readFileSync(join(folder, "events.jsonl"), "utf8").trim().split("\n");
  const evaluation = lines
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === "eval")
    .map(({ testLoss, testAccuracy, confusion }) => [testLoss, testAccuracy, confusion]);
  if (evaluation.length === 0) throw new Error("the run has no evaluation");
  return {
    weights: digest(readFileSync(join(folder, "last/weights.safetensors"))),
    optimizer: digest(readFileSync(join(folder, "last/optimizer.safetensors"))),
    evaluation: digest(JSON.stringify(evaluation)),
  };
}

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** @returns the case's verdict: same, different (in which files) or failed (in which build, why) */
function compare(a, b) {
  const failures = [a, b].flatMap(({ failed }, i) => (failed ? [`build ${"AB"[i]}: ${failed}`] : []));
  if (failures.length > 0) return { verdict: "failed", reason: failures.join("; ") };
  const different = Object.keys(a).filter((name) => a[name] !== b[name]);
  return different.length > 0 ? { verdict: "different", different } : { verdict: "same" };
}

const columns = (cells) => cells.map((cell, i) => String(cell).padEnd([11, 9, 11, 8, 10][i] ?? 0)).join("");
if (!options.json) {
  for (const [i, build] of builds.entries()) console.log(`build ${"AB"[i]}: ${build}`);
  console.log(columns(["engine", "threads", "optimizer", "batch", "preset", "verdict (SHA-256 of A's weights)"]));
}
let cases = 0;
let faults = 0;
for (const run of plan()) {
  const [a, b] = [await train(builds[0], run), await train(builds[1], run)];
  for (const preset of list(options.presets)) {
    const result = compare(a[preset], b[preset]);
    cases++;
    if (result.verdict !== "same") faults++;
    if (options.json) console.log(JSON.stringify({ ...run, preset, ...result, a: a[preset], b: b[preset] }));
    else {
      const detail = result.reason ?? result.different?.join(", ") ?? a[preset].weights.slice(0, 16);
      console.log(columns([run.engine, run.threads, run.optimizer, run.batch, preset, `${result.verdict} (${detail})`]));
    }
  }
}
if (!options.json) console.log(`${cases} cases, ${faults} of them different or failed`);
process.exitCode = faults > 0 || cases === 0 ? 1 : 0;
