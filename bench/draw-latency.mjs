#!/usr/bin/env node
/**
 * How long `mnist-tui draw` takes from a key or a mouse report to the models' new answers on the screen of a terminal emulator.
 * Usage: node bench/draw-latency.mjs [--events 60] [-- OPTIONS OF draw]
 * Prints one JSON line each for mouse and keys: events whose answer shows on the screen, their median, 95 % and largest time in ms, and how many
 * events left all bars and percentages as they were.
 */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { runInTerminal } from "../scripts/screens-to-svg.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { events: { type: "string", default: "60" } } });
const wanted = Number(values.events);
const [columns, rows] = [100, 40];
/** A pixel of the canvas is two cells wide; the answers stand right of it. */
const canvasColumns = 56;
/** An event without an answer in this time is one that changes no figure on the screen. */
const patience = 400;

const program = path.join(import.meta.dirname, "../bin/mnist-tui.js");
const run = runInTerminal({ command: [process.execPath, program, "draw", ...positionals], columns, rows });
await run.shows(/Or draw with the mouse/);
const lines = run.text().split("\n");
const top = lines.findIndex((line) => line.includes("draw a digit"));
const left = lines[top].search(/[┌+]/);
const answers = () =>
  run
    .text()
    .split("\n")
    .slice(top, -1)
    .map((line) => line.slice(left + 2 + canvasColumns))
    .join("\n");

/** @returns ms until the answers on the screen are others, or undefined where they stay */
function answered(input) {
  const before = answers();
  return new Promise((resolve) => {
    const begun = performance.now();
    const timer = setTimeout(() => finish(undefined), patience);
    const listener = run.terminal.onWriteParsed(() => {
      if (answers() !== before) finish(performance.now() - begun);
    });
    function finish(time) {
      clearTimeout(timer);
      listener.dispose();
      resolve(time);
    }
    void run.press([input], 0);
  });
}

async function measure(input, inputs) {
  const times = [];
  let unchanged = 0;
  for (const { text, counts } of inputs) {
    if (times.length >= wanted) break;
    if (!counts) {
      await run.press([text], 50);
      continue;
    }
    const time = await answered(text);
    if (time === undefined) unchanged++;
    else times.push(time);
    // The next event is one of its own, as from a hand.
    await sleep(30);
  }
  times.sort((a, b) => a - b);
  const at = (part) => Number((times[Math.ceil(part * times.length) - 1] ?? Number.NaN).toFixed(1));
  console.log(JSON.stringify({ input, events: times.length, median: at(0.5), p95: at(0.95), max: at(1), unchanged }));
}

/** Digits as lines through pixels of the canvas. */
const digits = [
  [
    [8, 6],
    [19, 6],
    [13, 22],
  ],
  [
    [14, 4],
    [14, 23],
  ],
  [
    [8, 8],
    [14, 5],
    [19, 9],
    [8, 22],
    [20, 22],
  ],
  [
    [9, 6],
    [18, 6],
    [13, 13],
    [18, 18],
    [9, 22],
  ],
  [
    [18, 22],
    [18, 5],
    [8, 16],
    [21, 16],
  ],
];

/** Mouse reports of one digit after the other, pixel by pixel. */
function* mouse() {
  const report = (button, [x, y], end = "M") => `\u001b[<${button};${left + 2 + 2 * x};${top + 2 + y}${end}`;
  for (;;) {
    for (const [first, ...others] of digits) {
      yield { text: "c", counts: false };
      yield { text: report(0, first), counts: true };
      let at = first;
      for (const to of others) {
        const steps = Math.max(Math.abs(to[0] - at[0]), Math.abs(to[1] - at[1]));
        for (let step = 1; step <= steps; step++)
          yield {
            text: report(
              32,
              at.map((from, i) => Math.round(from + ((to[i] - from) * step) / steps)),
            ),
            counts: true,
          };
        at = to;
      }
      yield { text: report(0, at, "m"), counts: false };
    }
  }
}

/** Arrows with the pen down, round and round. */
function* keys() {
  for (;;) {
    yield { text: "c", counts: false };
    yield { text: " ", counts: false };
    for (const [key, times] of [
      ["down", 6],
      ["left", 5],
      ["up", 11],
      ["right", 9],
      ["down", 14],
    ])
      for (let i = 0; i < times; i++) yield { text: key, counts: true };
    yield { text: " ", counts: false };
    for (const key of ["left", "left", "up", "up", "up", "up"]) yield { text: key, counts: false };
  }
}

try {
  await measure("mouse", mouse());
  await measure("keys", keys());
} finally {
  await run.end();
}
process.exit(0);
