import { expect, test } from "vitest";
import { learningRateAt, learningRates, type RunSchedule } from "../../dist/train/schedule.js";

const plain = { type: "constant", stepSize: 10, gamma: 0.1, warmup: 0 } as const;

function rates(config: Partial<RunSchedule["config"]>, shape: { learningRate: number; stepsPerEpoch: number; epochs: number }): number[] {
  const run = { ...shape, config: { ...plain, ...config } };
  return Array.from({ length: shape.epochs * shape.stepsPerEpoch }, (_, step) => learningRateAt(run, step));
}

function expectClose(actual: number[], expected: number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 9);
}

test("the constant schedule keeps the rate", () => {
  expect(rates({}, { learningRate: 0.1, stepsPerEpoch: 2, epochs: 2 })).toEqual([0.1, 0.1, 0.1, 0.1]);
});

test("the step schedule multiplies the rate by gamma after every stepSize epochs, as PyTorch's StepLR does when it steps once an epoch", () => {
  const actual = rates({ type: "step", stepSize: 2, gamma: 0.1 }, { learningRate: 1, stepsPerEpoch: 2, epochs: 5 });
  expectClose(actual, [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01]);
});

test("the cosine schedule falls from the full rate towards zero", () => {
  const actual = rates({ type: "cosine" }, { learningRate: 2, stepsPerEpoch: 2, epochs: 2 });
  expectClose(actual, [2, 1 + Math.SQRT1_2, 1, 1 - Math.SQRT1_2]);
});

test("warm-up rises linearly to the full rate, and then the schedule begins", () => {
  expectClose(rates({ warmup: 2 }, { learningRate: 1, stepsPerEpoch: 2, epochs: 3 }), [0.25, 0.5, 0.75, 1, 1, 1]);
  expectClose(rates({ type: "cosine", warmup: 0.5 }, { learningRate: 1, stepsPerEpoch: 4, epochs: 1 }), [0.5, 1, 1, 0.5]);
});

// The rates that torch.optim.lr_scheduler.OneCycleLR(max_lr=0.1, total_steps=20) gives, computed by its algorithm in Python.
const oneCycle = [
  0.004, 0.0131671843, 0.0371671843, 0.0668328157, 0.0908328157, 0.1, 0.0987464006, 0.0950484632, 0.0890916178, 0.0811745654, 0.0716943002,
  0.0611262022, 0.0500002, 0.0388741978, 0.0283060998, 0.0188258346, 0.0109087822, 0.0049519368, 0.0012539994, 4e-7,
];

test("the one-cycle schedule has PyTorch's rates", () => {
  expectClose(rates({ type: "onecycle" }, { learningRate: 0.1, stepsPerEpoch: 4, epochs: 5 }), oneCycle);
});

test.each([1, 2, 3])("the one-cycle schedule gives finite rates for a run of %i steps", (steps) => {
  for (const rate of rates({ type: "onecycle" }, { learningRate: 0.1, stepsPerEpoch: steps, epochs: 1 })) {
    expect(rate).toBeGreaterThan(0);
    expect(rate).toBeLessThanOrEqual(0.1);
  }
});

test("the user's factor multiplies every rate of a chunk", () => {
  const run = { config: { ...plain, type: "step", stepSize: 1, gamma: 0.5 } as const, learningRate: 1, stepsPerEpoch: 2, epochs: 2 };
  expect([...learningRates(run, 1, 3, 0.5)]).toEqual([0.5, 0.25, 0.25]);
});
