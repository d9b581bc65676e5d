// Draws the README's pictures from real screens: trains two models on MNIST (found as `train` finds it) and opens every view.
//
//   node scripts/pictures.mjs [--out docs/images] [--epochs 3]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { runInTerminal, screenToSvg } from "./screens-to-svg.mjs";

const { values } = parseArgs({ options: { out: { type: "string", default: "docs/images" }, epochs: { type: "string", default: "3" } } });
const program = path.join(import.meta.dirname, "../bin/mnist-tui.js");
const checkpoints = mkdtempSync(path.join(tmpdir(), "mnist-tui-pictures-"));
mkdirSync(values.out, { recursive: true });

function save(name, run, title) {
  writeFileSync(path.join(values.out, `${name}.svg`), screenToSvg(run.terminal, title));
  console.log(path.join(values.out, `${name}.svg`));
}

/** Saves the screen after 0.6 s, by which time the last change is drawn. */
async function picture(name, run, title) {
  await sleep(600);
  save(name, run, title);
}

const form = runInTerminal({ command: [process.execPath, program], columns: 100, rows: 26 });
await form.shows(/set up a run/);
await form.press(["a", "up", "8"]);
await picture("setup", form, "mnist-tui");
await form.end();

const train = [
  process.execPath,
  program,
  "train",
  "--compare",
  "simple,residual",
  "--epochs",
  values.epochs,
  "--checkpoint-dir",
  checkpoints,
];
const run = runInTerminal({ command: train, columns: 140, rows: 44 });
const title = "mnist-tui train --compare simple,residual";
try {
  await run.shows(/1 Overview/);
  // Both models have been evaluated, and the slower one is in its second epoch.
  await run.shows(new RegExp(`residual .* 1\\.[3-6]/${values.epochs} .* 9\\d\\.\\d\\d %`), 900);
  await picture("overview", run, title);
  await run.press(["2", "down", "down", "down", "down", "right", "right", "right", "right", "right", "right", "right", "right", "right"]);
  await run.shows(/of class 4 read as 9/);
  await picture("confusion", run, title);
  await run.press(["3", "v"]);
  await run.shows(/worst mistakes/);
  await picture("samples", run, title);
  await run.press(["4", "tab"]);
  await run.shows(/first-layer filters/);
  await picture("model", run, title);
  await run.press(["1", "d", "left", "left", "left", " "], 60);
  const times = (count, ...names) => Array.from({ length: count }, () => names).flat();
  const stroke = [...times(8, "right"), ...times(3, "down"), ...times(6, "down", "left"), ...times(7, "down")];
  await run.press(stroke, 60);
  await run.shows(/reads/);
  await sleep(1500);
  await picture("draw", run, title);
} finally {
  await run.end();
  rmSync(checkpoints, { recursive: true, force: true });
}
process.exit(0);
