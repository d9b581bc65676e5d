import { expect, test } from "vitest";
import { epochOrder } from "../../dist/data/sampler.js";
import { ChunkPlanner, type ChunkSource } from "../../dist/train/chunks.js";
import { learningRateAt } from "../../dist/train/schedule.js";

const schedule = { config: { type: "cosine", stepSize: 1, gamma: 1, warmup: 1 }, learningRate: 0.1, stepsPerEpoch: 4, epochs: 3 } as const;
const plan: ChunkSource = {
  seed: 5,
  samples: 50,
  batchSize: 16,
  augment: { rotate: 20, crop: { size: 22, probability: 0.5 }, shift: 2, scale: 0.1 },
  schedule,
};

/** All arguments that the engine gets over a whole run, whose chunks are cut by `wanted`. */
function wholeRun(wanted: (step: number) => number) {
  const planner = new ChunkPlanner(plan);
  const all = { sizes: [] as number[], indices: [] as number[], affine: [] as number[], rates: [] as number[] };
  for (let step = 0; step < 12; ) {
    const chunk = planner.chunk(step, wanted(step), 1);
    const steps = chunk.learningRates.length;
    for (let s = 0; s < steps; s++) all.sizes.push(chunk.batchSize);
    all.indices.push(...chunk.indices);
    all.affine.push(...chunk.affine!);
    all.rates.push(...chunk.learningRates);
    step += steps;
  }
  return all;
}

test("the lengths of a run's chunks change no step that the engine gets", () => {
  const oneByOne = wholeRun(() => 1);
  expect(wholeRun(() => 100)).toEqual(oneByOne);
  expect(wholeRun((step) => 1 + ((step * 7) % 3))).toEqual(oneByOne);
});

test("every epoch visits every sample once, in its own order, with a smaller last batch", () => {
  const { sizes, indices } = wholeRun(() => 3);
  expect(sizes).toEqual([16, 16, 16, 2, 16, 16, 16, 2, 16, 16, 16, 2]);
  for (let epoch = 0; epoch < 3; epoch++) expect(indices.slice(epoch * 50, (epoch + 1) * 50)).toEqual([...epochOrder(5, epoch, 50)]);
});

test("learning rates follow the schedule step by step, times the user's factor", () => {
  const expected = Array.from({ length: 12 }, (_, step) => Math.fround(learningRateAt(schedule, step)));
  expect(wholeRun(() => 2).rates).toEqual(expected);
  expect([...new ChunkPlanner(plan).chunk(5, 2, 0.5).learningRates]).toEqual(
    [5, 6].map((step) => Math.fround(learningRateAt(schedule, step) * 0.5)),
  );
});

test("a chunk that begins at any step has the same content as in an uninterrupted run", () => {
  const { indices, affine } = wholeRun(() => 1);
  const resumed = new ChunkPlanner(plan).chunk(6, 1, 1);
  const before = 50 + 32;
  expect([...resumed.indices]).toEqual(indices.slice(before, before + 16));
  expect([...resumed.affine!]).toEqual(affine.slice(before * 6, (before + 16) * 6));
});
