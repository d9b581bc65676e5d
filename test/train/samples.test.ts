import { expect, test } from "vitest";
import { EvaluationHistory, mistakes, sampleIndices, samplesAt } from "../../dist/train/samples.js";

/** Four test images of classes 0–3: the first two right (the second barely), the last two wrong (the last most confidently). */
const testSplit = { images: Uint8Array.from({ length: 4 * 784 }, (_, i) => Math.floor(i / 784)), labels: Uint8Array.of(0, 1, 2, 3) };
const rows = [
  [0.9, 0.1],
  [0.49, 0.51],
  [0.3, 0.7],
  [0.95, 0.05],
];
const evaluation = {
  loss: 1,
  predictions: Uint8Array.of(0, 1, 1, 0),
  probabilities: Float32Array.from(rows.flatMap((row) => [...row, 0, 0, 0, 0, 0, 0, 0, 0])),
};

test("the ten samples depend on the seed alone", () => {
  const chosen = sampleIndices(3, 1000);
  expect(chosen).toHaveLength(10);
  expect(new Set(chosen).size).toBe(10);
  expect(chosen.every((index) => index >= 0 && index < 1000)).toBe(true);
  expect(sampleIndices(3, 1000)).toEqual(chosen);
  expect(sampleIndices(4, 1000)).not.toEqual(chosen);
  expect(sampleIndices(3, 4)).toEqual([0, 1, 2, 3]);
});

test("a sample carries its pixels, label, prediction and probabilities", () => {
  const [sample] = samplesAt([2], testSplit, evaluation);
  expect(sample).toMatchObject({ index: 2, label: 2, prediction: 1, probabilities: [0.3, 0.7, 0, 0, 0, 0, 0, 0, 0, 0] });
  expect([...Buffer.from(sample.pixels, "base64")]).toEqual(new Array(784).fill(2));
});

test("mistakes are ordered by confidence, the highest first, and narrow decisions by margin, the narrowest first", () => {
  const { worst, uncertain } = mistakes(testSplit, evaluation);
  expect(worst.map(({ index }) => index)).toEqual([3, 2]);
  expect(uncertain.map(({ index }) => index)).toEqual([1, 2, 0, 3]);
});

test("examples of a cell come from the requested evaluation, else from the newest one", () => {
  const history = new EvaluationHistory();
  expect(history.examples(testSplit, { label: 2, prediction: 1 })).toBeUndefined();
  history.add(10, evaluation);
  history.add(20, { ...evaluation, predictions: Uint8Array.of(0, 1, 2, 3) });
  expect(history.examples(testSplit, { label: 2, prediction: 1, step: 10 })).toMatchObject({ step: 10, total: 1, samples: [{ index: 2 }] });
  expect(history.examples(testSplit, { label: 2, prediction: 1 })).toMatchObject({ step: 20, total: 0, samples: [] });
});
