#!/usr/bin/env node
// Compares the speed of two builds, such as before and after a change: sessions of both train in one process, in short turns of random order, so that
// a host that is slower for a second slows both. The rate of every turn is divided by that of BUILD_A's first session in the same round.
//
//   node bench/before-after.mjs BUILD_A BUILD_B [--models a,b] [--engine native] [--batch 32] [--threads 2,1] [--milliseconds 100] [--repeat 40]
//                               [--out FOLDER]
//
// A BUILD is a built checkout. Keep the machine otherwise idle. A ratio above 1 says that BUILD_B is faster.
import { cpus } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { csv, record, table } from "./record.mjs";
import { openBuild, quartiles } from "./sessions.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    models: { type: "string", default: "simple,deep,residual,vgg,compact,pyramid" },
    engine: { type: "string", default: "native" },
    batch: { type: "string", default: "32" },
    threads: { type: "string", default: "2,1" },
    milliseconds: { type: "string", default: "100" },
    repeat: { type: "string", default: "40" },
    out: { type: "string" },
  },
});
if (positionals.length !== 2) {
  console.error("Expected two builds. Usage: node bench/before-after.mjs BUILD_A BUILD_B [--models a,b] [--batch 32] [--threads 2,1]");
  process.exit(2);
}
const batchSize = Number(options.batch);
const builds = [];
for (const folder of positionals) builds.push(await openBuild(pathToFileURL(`${resolve(folder)}/`), options.engine, batchSize));

/** @returns milliseconds per step */
async function time({ build, session }, steps) {
  const began = performance.now();
  await build.train(session, steps);
  return (performance.now() - began) / steps;
}

function shuffled(list) {
  const order = list.map((item) => [Math.random(), item]).toSorted(([a], [b]) => a - b);
  return order.map(([, item]) => item);
}

const middle = (values) => quartiles(values)[1];
console.log(
  `${cpus()[0].model}, ${options.engine}, batch ${batchSize}, Node ${process.versions.node}: ms a step, median (least); ratio, median (quartiles)`,
);
const rows = [];
for (const model of options.models.split(",")) {
  for (const threads of options.threads.split(",")) {
    const sessions = [];
    for (const [i, build] of builds.entries()) {
      const session = await build.open(model, Number(threads));
      sessions.push({ name: "AB"[i], build, session, times: [], ratios: [] });
    }
    for (const session of sessions) await time(session, 5);
    const steps = Math.max(1, Math.round(Number(options.milliseconds) / (await time(sessions[0], 5))));
    for (let round = 0; round < Number(options.repeat); round++) {
      for (const session of shuffled(sessions)) session.times.push(await time(session, steps));
      for (const session of sessions) session.ratios.push(sessions[0].times.at(-1) / session.times.at(-1));
    }
    const [a, b] = sessions;
    const row = [
      model,
      threads,
      middle(a.times),
      middle(b.times),
      ...[a, b].map(({ times }) => Math.min(...times).toFixed(3)),
      ...quartiles(b.ratios),
    ];
    rows.push(row);
    console.log(
      `${model.padEnd(10)}${threads} threads  A ${row[2]} (${row[4]})  B ${row[3]} (${row[5]})  ratio ${row[7]} (${row[6]}–${row[8]})`,
    );
    await Promise.all(sessions.map(({ session }) => session.dispose()));
  }
}
if (options.out) {
  const ratios = rows.map((row) => Number(row[7]));
  record(options.out, {
    title: "Two builds side by side",
    question: `does the second build train faster than the first (${options.engine}, batch ${batchSize})?`,
    verdict: `medians of the ratios ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    figures: table(
      ["preset", "threads", "A, ms a step", "B, ms a step", "ratio (quartiles)"],
      rows.map((row) => [...row.slice(0, 4), `${row[7]} (${row[6]}–${row[8]})`]),
    ),
    data: {
      "before-after.csv": csv(
        ["preset", "threads", "a_ms", "b_ms", "a_least_ms", "b_least_ms", "ratio_quartile1", "ratio_median", "ratio_quartile3"],
        rows,
      ),
    },
  });
}
