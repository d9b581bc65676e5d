import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { RunEvent, TrainerCommand } from "../../dist/run/events.js";
import { RunStore } from "../../dist/run/state/store.js";
import { summaryLines } from "../../dist/ui/summary.js";
import { dashboardUnavailable } from "../../dist/ui/terminal.js";
import { openDashboard } from "../../dist/ui/tui/dashboard.js";
import { drawDigit, fakeRun } from "../run/fake-run.js";

/** Replays believable events into the real dashboard, at a chosen rate and up to a chosen event, and answers its questions. */
const { values } = parseArgs({
  options: {
    models: { type: "string", default: "simple,residual" },
    dataset: { type: "string", default: "mnist" },
    epochs: { type: "string", default: "5" },
    steps: { type: "string", default: "117" },
    chunk: { type: "string", default: "3" },
    gpus: { type: "string", default: "0" },
    /** Events per second; 0 sends all at once. */
    pace: { type: "string", default: "60" },
    /** The number of events after which the replay stops; the screen stays. */
    until: { type: "string", default: "1000000000" },
    ascii: { type: "boolean", default: false },
    "no-color": { type: "boolean", default: false },
    /** throw: an exception in the parent; error: a trainer fails; noise: stray output on stdout and stderr. */
    trouble: { type: "string", default: "" },
    /** The number of frames to draw after the events, each with news of every model; their CPU time is traced. */
    frames: { type: "string", default: "0" },
    /** The file to which commands and the end are appended. */
    trace: { type: "string", default: "" },
  },
});

const unavailable = dashboardUnavailable({ input: process.stdin.isTTY === true, output: process.stdout.isTTY === true }, process.env);
if (unavailable !== undefined) {
  console.error(unavailable);
  process.exit(1);
}

const trace = (line: string) => {
  if (values.trace !== "") appendFileSync(values.trace, `${line}\n`);
};
const names = values.models.split(",");
let paused = false;
let now = 0;
const base = (model: string) => ({ run: "2026-01-02T12-00-00", model, time: now });

const store = new RunStore();
const view = openDashboard({
  store,
  title: "mnist-tui",
  ascii: values.ascii,
  color: !values["no-color"],
  send(command, model) {
    trace(`${JSON.stringify(command)} ${model ?? "all"}`);
    for (const name of model === undefined ? names : [model]) answer(command, name);
  },
  quit(how) {
    trace(`quit ${how}`);
    leave(how === "save" ? 0 : 130);
  },
});

function answer(command: TrainerCommand, model: string): void {
  if (command.type === "pause" || command.type === "resume") {
    paused = command.type === "pause";
    store.apply({ ...base(model), type: command.type, step: 10 });
  } else if (command.type === "predict") {
    const pixels = Buffer.from(command.pixels, "base64");
    const ink = pixels.reduce((sum, value) => sum + value, 0);
    const scores = Array.from({ length: 10 }, (_, digit) => Math.exp(-Math.abs(((ink / 4000) % 10) - digit)));
    const total = scores.reduce((a, b) => a + b, 0);
    store.apply({ ...base(model), type: "prediction", id: command.id, probabilities: scores.map((score) => score / total) });
  } else if (command.type === "examples") {
    const samples = Array.from({ length: 6 }, (_, index) => ({
      index,
      label: command.label,
      prediction: command.prediction,
      probabilities: Array.from({ length: 10 }, () => 0.1),
      pixels: Buffer.from(drawDigit(command.label, index)).toString("base64"),
    }));
    store.apply({
      ...base(model),
      type: "examples",
      id: command.id,
      label: command.label,
      prediction: command.prediction,
      step: command.step ?? 0,
      total: 6,
      samples,
    });
  }
}

function leave(code: number): void {
  view.restore();
  for (const line of summaryLines(store.state)) console.log(line);
  trace(`exit ${code}`);
  process.exit(code);
}

const events = fakeRun({
  models: names,
  dataset: values.dataset,
  epochs: Number(values.epochs),
  stepsPerEpoch: Number(values.steps),
  chunk: Number(values.chunk),
  gpus: Number(values.gpus),
});
let sent = 0;
function pump(): void {
  const pace = Number(values.pace);
  const count = pace === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.round(pace / 20));
  for (let index = 0; index < count && !paused && sent < Number(values.until); index++) {
    const next = events.next();
    if (next.done || sent + 1 >= Number(values.until)) {
      void measureFrames();
      return;
    }
    now = (next.value as RunEvent).time;
    store.apply(next.value as RunEvent);
    sent++;
  }
  setTimeout(pump, 50);
}

async function measureFrames(): Promise<void> {
  const frames = Number(values.frames);
  if (frames === 0) return;
  await sleep(500);
  const before = process.cpuUsage();
  for (let frame = 0; frame < frames; frame++) {
    for (const name of names) {
      const at = {
        ...base(name),
        time: now + frame * 100,
        epoch: 4 + frame / 1000,
        step: 100_000 + frame,
        accuracy: 0.97,
        learningRate: 0.001,
      };
      store.apply({ ...at, type: "step", loss: 0.1 + 0.05 * Math.sin(frame), imagesPerSecond: 5000, batchesPerSecond: 10 });
    }
    await sleep(110);
  }
  const { user, system } = process.cpuUsage(before);
  trace(`${((user + system) / 1000 / frames).toFixed(2)} ms of CPU a frame`);
}

pump();
trace("ready");
view.finished.then(() => leave(0));

if (values.trouble === "throw") {
  setTimeout(() => {
    throw new Error("a fault in the parent");
  }, 300);
} else if (values.trouble === "error") {
  store.apply({ ...base(names[0]), type: "error", message: "the trainer was killed by SIGSEGV" });
} else if (values.trouble === "noise") {
  setTimeout(() => {
    console.log("stray output");
    console.error("stray error \u001b[31mred\u001b[0m");
    process.stderr.write("Warning: something old is used\n");
  }, 200);
}
