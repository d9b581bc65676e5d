#!/usr/bin/env node
/**
 * Measures the time that `mnist-tui draw` takes from a key or a mouse report to the models' new answers on the screen of a terminal emulator.
 * Usage: node bench/draw-latency.mjs [--events 60] [-- OPTIONS OF draw]
 * Prints one JSON line each for mouse and keys: the number of events after which the screen shows other answers, their median, 95 % quantile and
 * largest time in ms, and the number of events that left all bars and percentages as they were.
 */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { runInTerminal } from "../scripts/screens-to-svg.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { events: { type: "string", default: "60" } } });
const wanted = Number(values.events);
const [columns, rows] = [100, 40];
/** The canvas has 28 pixels of two cells each in a row; the answers stand right of it. */
const canvasColumns = 56;
/** Milliseconds to wait for an answer: an event without one in this time changes no figure on the screen. */
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

/** @returns ms until the answers on the screen change, or undefined where they do not */
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
    // A pause, as a hand makes one: the next event does not belong to this one.
    await sleep(30);
  }
  times.sort((a, b) => a - b);
  const at = (part) => Number((times[Math.ceil(part * times.length) - 1] ?? Number.NaN).toFixed(1));
  console.log(JSON.stringify({ input, events: times.length, median: at(0.5), p95: at(0.95), max: at(1), unchanged }));
}

/** Digits, each as lines through pixels of the canvas. */
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

/** Mouse reports that draw one digit after the other, pixel by pixel. */
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

/** Arrow keys that move the pen in circles while it draws. */
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
