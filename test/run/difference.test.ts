import { describe, expect, it } from "vitest";
import type { EvalEvent } from "../../dist/run/events.js";
import { accuracyDifference, pairedInterval } from "../../dist/run/state/difference.js";
import { differenceText } from "../../dist/run/state/notes.js";
import { initialState, reduce } from "../../dist/run/state/reduce.js";
import { wrongBits } from "../../dist/train/metrics.js";
import { randomKey, randomUniform, streams } from "../../dist/util/random.js";

const images = 1000;
/** 100 images a class, and predictions that are wrong where the test says so. */
const labels = Uint8Array.from({ length: images }, (_, index) => index % 10);

function evaluation(model: string, wrong: (index: number) => boolean, log: "new" | "old" = "new"): EvalEvent {
  const predictions = labels.map((label, index) => (wrong(index) ? (label + 1) % 10 : label));
  const confusion = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
  predictions.forEach((prediction, index) => {
    confusion[labels[index]][prediction]++;
  });
  const testAccuracy = confusion.reduce((sum, row, label) => sum + row[label], 0) / images;
  const bits = log === "new" ? { wrong: wrongBits(labels, predictions) } : {};
  return { run: "r", model, time: 1, type: "eval", epoch: 1, step: 1, testLoss: 1, testAccuracy, confusion, ...bits, seconds: 1 };
}

function differenceOf(...evaluations: EvalEvent[]) {
  const [first, second] = evaluations.reduce(reduce, initialState()).models;
  return accuracyDifference(first, second);
}

describe("the interval of a paired difference", () => {
  it("is that of a published example", () => {
    // Agresti, Categorical Data Analysis, section 10.1: 1600 people asked twice, 150 and 86 of whom changed their minds; 0.04 ± 0.0187.
    const { centre, margin } = pairedInterval({ n: 1600, b: 150, c: 86 });
    expect(centre).toBeCloseTo(0.04, 4);
    expect(margin).toBeCloseTo(0.0187, 4);
  });

  it("is not empty where no image is read differently", () => {
    const { centre, margin } = pairedInterval({ n: 10_000, b: 0, c: 0 });
    expect(centre).toBe(0);
    expect(margin).toBeCloseTo(1.96e-4, 6);
  });

  it("holds the true difference in 95 of 100 samples", () => {
    const key = randomKey(1, streams.samples, 0);
    const [alone, other] = [0.03, 0.015];
    let drawn = 0;
    let held = 0;
    for (let sample = 0; sample < 1000; sample++) {
      const counts = { n: 500, b: 0, c: 0 };
      for (let image = 0; image < counts.n; image++) {
        const value = randomUniform(key, drawn++);
        if (value < alone) counts.b++;
        else if (value < alone + other) counts.c++;
      }
      const { centre, margin } = pairedInterval(counts);
      if (Math.abs(centre - (alone - other)) <= margin) held++;
    }
    // 95 % of 1000, three standard deviations of which are 21.
    expect(Math.abs(held - 950)).toBeLessThanOrEqual(21);
  });
});

describe("the difference of two models", () => {
  const everyTwentieth = (index: number) => index % 20 === 0;

  it("counts the images that only one of them reads wrong: errors in common make the interval narrow", () => {
    const better = evaluation("b", (index) => index % 40 === 0);
    const same = differenceOf(evaluation("a", everyTwentieth), better)!;
    expect(same.value).toBeCloseTo(0.025, 12);
    expect(same).toMatchObject({ kind: "paired", withinNoise: false, margin: pairedInterval({ n: images, b: 25, c: 0 }).margin });
    const disjoint = differenceOf(
      evaluation("a", everyTwentieth),
      evaluation("b", (index) => index % 40 === 1),
    )!;
    expect(disjoint.value).toBeCloseTo(0.025, 12);
    expect(disjoint.margin).toBe(pairedInterval({ n: images, b: 50, c: 25 }).margin);
    expect(disjoint.margin).toBeGreaterThan(same.margin);
    expect(differenceText(same)).toBe("+2.50 % ± 0.99");
  });

  it("is within noise where the interval holds 0", () => {
    const close = differenceOf(
      evaluation("a", everyTwentieth),
      evaluation("b", (index) => index % 20 === 1 && index > 100),
    )!;
    expect(close).toMatchObject({ kind: "paired", withinNoise: true });
    expect(differenceText(close)).toBe("+0.50 % ± 1.92, within noise");
    const back = differenceOf(
      evaluation("a", (index) => index % 20 === 1 && index > 100),
      evaluation("b", everyTwentieth),
    )!;
    expect(differenceText(back)).toBe("−0.50 % ± 1.92, within noise");
  });

  it("has the widest possible interval, and says so, where a log does not tell which images were wrong", () => {
    for (const logs of [
      ["old", "old"],
      ["new", "old"],
    ] as const) {
      const bound = differenceOf(
        evaluation("a", everyTwentieth, logs[0]),
        evaluation("b", (index) => index % 40 === 0, logs[1]),
      )!;
      expect(bound).toMatchObject({ kind: "bound", margin: pairedInterval({ n: images, b: 50, c: 25 }).margin });
      expect(differenceText(bound)).toBe("+2.50 % ± 1.70 at most");
    }
    const noise = differenceOf(evaluation("a", everyTwentieth, "old"), evaluation("b", everyTwentieth, "old"));
    expect(differenceText(noise)).toBe("+0.00 % ± 1.97 at most, may be noise");
  });

  it("is unknown without two evaluations on as many images", () => {
    const one = evaluation("a", everyTwentieth);
    const [first] = reduce(initialState(), one).models;
    expect(accuracyDifference(first, first)).toBeUndefined();
    expect(differenceOf(one, { ...evaluation("b", everyTwentieth), confusion: [[500]] })).toBeUndefined();
    expect(differenceOf(one, { ...evaluation("b", everyTwentieth), confusion: [] })).toBeUndefined();
    expect(differenceText(undefined)).toBe("–");
  });
});
