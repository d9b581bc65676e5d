// Two threads (or more) against one, beside what the machine itself has to give: as many sessions of one thread each, which never wait for each
// other. All train in one process, in short turns: one thread, the threads, one thread, the sessions, one thread; every rate is held against the
// one-thread turns before and after it, so that a host that is slower for a second slows both.
//
//   node bench/scaling.mjs [--models a,b] [--engine native] [--batch 512] [--threads 2] [--milliseconds 200] [--repeat 30]
//
// Keep the machine otherwise idle.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { loadDataset } from "../dist/data/datasets.js";
import { selectEngine } from "../dist/engine/registry.js";
import { buildModel } from "../dist/model/presets.js";

const { values: options } = parseArgs({
  options: {
    models: { type: "string", default: "simple,deep,residual,vgg,compact,pyramid" },
    engine: { type: "string", default: "native" },
    batch: { type: "string", default: "512" },
    threads: { type: "string", default: "2" },
    milliseconds: { type: "string", default: "200" },
    repeat: { type: "string", default: "30" },
  },
});
const [batchSize, threads, repeat] = [options.batch, options.threads, options.repeat].map(Number);
const { train, normalization } = await loadDataset("mnist", { explicit: false, limitTrain: 10 * batchSize, onNotice: console.error });
const { engine } = await selectEngine(options.engine);
const optimizer = { type: "adam", momentum: 0, weightDecay: 0 };

async function openSession(model, threads) {
  const session = await engine.create({ model, optimizer, seed: 0, batchSize, normalization, threads });
  session.load(train);
  return session;
}

/** @returns steps a millisecond of all sessions together, each taking that many */
async function rate(sessions, steps) {
  const indices = Uint32Array.from({ length: steps * batchSize }, (_, i) => i % train.labels.length);
  const chunk = { batchSize, indices, learningRates: new Float32Array(steps).fill(1e-3) };
  const began = performance.now();
  await Promise.all(sessions.map((session) => session.train(chunk)));
  return (sessions.length * steps) / (performance.now() - began);
}

function column(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, middle, high] = [1, 2, 3].map((quarter) => sorted[Math.floor((sorted.length * quarter) / 4)].toFixed(2));
  return `${middle} (${low}–${high})`.padEnd(20);
}

console.log(
  `${cpus()[0].model}, ${options.engine}, batch ${batchSize}, Node ${process.versions.node}, median (quartiles) of ${repeat} turns`,
);
console.log(`${"".padEnd(10)}${`${threads} threads`.padEnd(20)}${threads} sessions of one thread`);
for (const name of options.models.split(",")) {
  const model = buildModel(name);
  const together = await openSession(model, threads);
  const apart = await Promise.all(Array.from({ length: threads }, () => openSession(model, 1)));
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
  console.log(`${name.padEnd(10)}${column(ratios.together)}${column(ratios.apart)}`);
  await Promise.all([together, ...apart].map((session) => session.dispose()));
}
