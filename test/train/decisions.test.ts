import { expect, test } from "vitest";
import { chunkSteps } from "../../dist/train/chunks.js";
import { type EarlyStopping, freshEarlyStopping, observeAccuracy } from "../../dist/train/early-stopping.js";
import { addSteps, confusionMatrix, emptySums, isBetter, means, wrongBits } from "../../dist/train/metrics.js";
import { freshProgress, isFinished, parseProgress } from "../../dist/train/progress.js";
import { threadsPerTrainer } from "../../dist/train/threads.js";

/** @returns after which evaluation training stops, from 1; undefined where it does not */
function stopsAfter(accuracies: number[], options: { patience: number; minDelta: number }): number | undefined {
  let state: EarlyStopping = freshEarlyStopping;
  for (const [index, accuracy] of accuracies.entries()) {
    const observed = observeAccuracy(state, accuracy, options);
    if (observed.stop) return index + 1;
    state = observed.state;
  }
  return undefined;
}

test("training stops after `patience` evaluations in a row without improvement", () => {
  expect(stopsAfter([0.9, 0.91, 0.91, 0.9, 0.95], { patience: 2, minDelta: 0 })).toBe(4);
  expect(stopsAfter([0.9, 0.89, 0.91, 0.9, 0.92], { patience: 2, minDelta: 0 })).toBeUndefined();
});

test("an improvement smaller than min-delta does not count, and small ones do not add up unnoticed", () => {
  expect(stopsAfter([0.9, 0.905, 0.909], { patience: 2, minDelta: 0.01 })).toBe(3);
  expect(stopsAfter([0.9, 0.906, 0.912, 0.92], { patience: 2, minDelta: 0.01 })).toBeUndefined();
});

test("patience 0 never stops", () => {
  expect(stopsAfter(new Array(100).fill(0.5), { patience: 0, minDelta: 0 })).toBeUndefined();
});

test("sums over an epoch do not depend on how its steps were cut into chunks", () => {
  const loss = Float32Array.of(0.1, 0.7, 1e-7, 3.3, 0.2);
  const correct = Uint32Array.of(1, 2, 3, 4, 5);
  const whole = addSteps(emptySums, { loss, correct }, 7, 5);
  let cut = emptySums;
  for (const [from, to] of [
    [0, 2],
    [2, 3],
    [3, 5],
  ])
    cut = addSteps(cut, { loss: loss.slice(from, to), correct: correct.slice(from, to) }, 7, to - from);
  expect(cut).toEqual(whole);
  expect(means(whole).accuracy).toBeCloseTo(15 / 35, 12);
  expect(means(whole).loss).toBeCloseTo((0.1 + 0.7 + 1e-7 + 3.3 + 0.2) / 5, 6);
});

test("a smaller last batch weighs less in the mean loss", () => {
  const first = addSteps(emptySums, { loss: Float32Array.of(1), correct: Uint32Array.of(8) }, 8, 1);
  const { loss, accuracy } = means(addSteps(first, { loss: Float32Array.of(4), correct: Uint32Array.of(0) }, 2, 1));
  expect(loss).toBeCloseTo(1.6, 12);
  expect(accuracy).toBeCloseTo(0.8, 12);
});

test("a confusion matrix has true classes as rows", () => {
  const counts = confusionMatrix(Uint8Array.of(0, 1, 1, 2), Uint8Array.of(0, 2, 1, 2), 3);
  expect(counts).toEqual([
    [1, 0, 0],
    [0, 1, 1],
    [0, 0, 1],
  ]);
});

test("wrong predictions are a bit an image, the lowest bit of a byte first", () => {
  const labels = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  const predictions = Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 0, 8, 0);
  expect([...Buffer.from(wrongBits(labels, predictions), "base64")]).toEqual([0b1000_0001, 0b10]);
  expect(wrongBits(labels, labels)).toBe(Buffer.alloc(2).toString("base64"));
});

test("the first evaluation of the highest accuracy is the best", () => {
  const best = { epoch: 1, step: 10, testAccuracy: 0.9, testLoss: 0.3 };
  expect(isBetter({ testAccuracy: 0.1 }, undefined)).toBe(true);
  expect(isBetter({ testAccuracy: 0.91 }, best)).toBe(true);
  expect(isBetter({ testAccuracy: 0.9 }, best)).toBe(false);
});

test("a resumed model is finished unless it has epochs left to train", () => {
  const trained = { ...freshProgress(), epochs: 5 };
  expect(isFinished(trained, 5, 5)).toBe(false);
  expect(isFinished({ ...trained, finished: "completed" }, 5, 5)).toBe(true);
  expect(isFinished({ ...trained, finished: "completed" }, 6, 5)).toBe(false);
  expect(isFinished({ ...trained, finished: "early-stop" }, 9, 5)).toBe(true);
  expect(isFinished({ ...trained, finished: "stopped" }, 5, 5)).toBe(true);
  expect(isFinished({ ...trained, finished: "stopped" }, 6, 5)).toBe(false);
});

test("an invalid progress file is refused by name", () => {
  expect(parseProgress(JSON.parse(JSON.stringify(freshProgress())), "model.json")).toEqual(freshProgress());
  for (const stored of [undefined, null, {}, { ...freshProgress(), step: "1" }])
    expect(() => parseProgress(stored, "here/model.json")).toThrow("here/model.json");
});

test("chunks begin with one step, at most double, and settle near 75 ms of work", () => {
  expect(chunkSteps(0, 0)).toBe(1);
  expect(chunkSteps(1, 0.1)).toBe(2);
  expect(chunkSteps(64, 5)).toBe(15);
  expect(chunkSteps(1, 5000)).toBe(1);
  expect(chunkSteps(8, 0)).toBe(16);
});

test("the threads are as many as asked for, else one for each core, but no more than memory allows", () => {
  expect(threadsPerTrainer(3, 8)).toBe(3);
  expect(threadsPerTrainer(0, 8)).toBe(8);
  expect(threadsPerTrainer(0, 256)).toBe(64);
  expect(threadsPerTrainer(100, 8)).toBe(100);
});
