// Measures the speed of a session of two threads (or more) against one thread. Beside it stands the machine's own limit: as many sessions of one
// thread each, which never wait for each other. All train in one process, in short turns: one thread, the threads, one thread, the sessions, one
// thread. Every rate is divided by that of the one-thread turns before and after it, so that a host that is slower for a second slows both.
//
//   node bench/scaling.mjs [--models a,b] [--engine native] [--batch 512] [--threads 2] [--milliseconds 200] [--repeat 30]
//                          [--out FOLDER]
//
// Keep the machine otherwise idle.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { csv, record, table } from "./record.mjs";
import { openBuild, quartiles } from "./sessions.mjs";

const { values: options } = parseArgs({
  options: {
    models: { type: "string", default: "simple,deep,residual,vgg,compact,pyramid" },
    engine: { type: "string", default: "native" },
    batch: { type: "string", default: "512" },
    threads: { type: "string", default: "2" },
    milliseconds: { type: "string", default: "200" },
    repeat: { type: "string", default: "30" },
    out: { type: "string" },
  },
});
const [batchSize, threads, repeat] = [options.batch, options.threads, options.repeat].map(Number);
const build = await openBuild(new URL("..", import.meta.url), options.engine, batchSize);

/** @returns steps per millisecond of all sessions together, each of which takes `steps` */
async function rate(sessions, steps) {
  const began = performance.now();
  await Promise.all(sessions.map((session) => build.train(session, steps)));
  return (sessions.length * steps) / (performance.now() - began);
}

const shown = ([low, middle, high]) => `${middle} (${low}–${high})`;
console.log(
  `${cpus()[0].model}, ${options.engine}, batch ${batchSize}, Node ${process.versions.node}, median (quartiles) of ${repeat} turns`,
);
console.log(`${"".padEnd(10)}${`${threads} threads`.padEnd(20)}${threads} sessions of one thread`);
const rows = [];
for (const name of options.models.split(",")) {
  const together = await build.open(name, threads);
  const apart = await Promise.all(Array.from({ length: threads }, () => build.open(name, 1)));
  const [one] = apart;
  for (const sessions of [[together], apart]) await rate(sessions, 5);
  const steps = Math.max(1, Math.round(Number(options.milliseconds) * (await rate([one], 5))));
  const ratios = { together: [], apart: [] };
  for (let repetition = 0; repetition < repeat; repetition++) {
    const first = await rate([one], steps);
    const threaded = await rate([together], threads * steps);
    const second = await rate([one], steps);
    const separate = await rate(apart, steps);
    const third = await rate([one], steps);
    ratios.together.push((2 * threaded) / (first + second));
    ratios.apart.push((2 * separate) / (second + third));
  }
  const row = { name, together: quartiles(ratios.together), apart: quartiles(ratios.apart) };
  rows.push(row);
  console.log(`${name.padEnd(10)}${shown(row.together).padEnd(20)}${shown(row.apart)}`);
  await Promise.all([together, ...apart].map((session) => session.dispose()));
}
if (options.out) {
  const medians = (key) => rows.map((row) => Number(row[key][1]));
  const range = (key) => `${Math.min(...medians(key)).toFixed(2)} to ${Math.max(...medians(key)).toFixed(2)}`;
  const header = ["threads", "sessions"].flatMap((name) => ["median", "quartile1", "quartile3"].map((figure) => `${name}_${figure}`));
  const cells = rows.map(({ name, together, apart }) => [name, ...[together, apart].flatMap(([low, middle, high]) => [middle, low, high])]);
  record(options.out, {
    title: `${threads} threads against one`,
    question: `how much faster are ${threads} threads than one (${options.engine}, batch ${batchSize})?`,
    verdict: `${threads} threads train ${range("together")} times as fast as one; ${threads} sessions of one thread each ${range("apart")}`,
    figures: table(
      ["preset", `${threads} threads`, `${threads} sessions of one thread`],
      rows.map(({ name, together, apart }) => [name, shown(together), shown(apart)]),
    ),
    data: { "scaling.csv": csv(["preset", ...header], cells) },
  });
}
