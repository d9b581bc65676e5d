import { describe, expect, it } from "vitest";
import { batchNormEvaluate, batchNormTrain } from "../../dist/engine/reference/batch-norm.js";
import { convForward } from "../../dist/engine/reference/conv.js";
import { dropout, reluBackward } from "../../dist/engine/reference/elementwise.js";
import { gatherImages } from "../../dist/engine/reference/image.js";
import { update } from "../../dist/engine/reference/optimizer.js";
import { maxPoolBackward, maxPoolForward } from "../../dist/engine/reference/pool.js";
import { type OptimizerSettings, slotNames } from "../../dist/model/optimizers.js";
import { randomKey, randomUniform, streams } from "../../dist/util/random.js";

/** Values worked out by hand, for the conventions, which a difference quotient cannot check. */
describe("reference kernels", () => {
  it("correlate, rather than convolve, with zeros around the image", () => {
    const x = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const weight = Float32Array.from([0, 0, 0, 0, 1, 10, 0, 0, 100]);
    const y = new Float32Array(9);
    const geometry = { input: [1, 3, 3], output: [1, 3, 3], kernelSize: 3, stride: 1, padding: 1 } as const;
    convForward(x, weight, Float32Array.from([0.5]), y, 1, geometry);
    expect([...y]).toEqual([521.5, 632.5, 3.5, 854.5, 965.5, 6.5, 87.5, 98.5, 9.5]);
  });

  it("step by the stride from the padded corner, as PyTorch's padding=1 does", () => {
    const x = Float32Array.from({ length: 16 }, (_, i) => i + 1);
    const weight = Float32Array.from([1, 0, 0, 0, 0, 0, 0, 0, 1]);
    const y = new Float32Array(4);
    convForward(x, weight, undefined, y, 1, { input: [1, 4, 4], output: [1, 2, 2], kernelSize: 3, stride: 2, padding: 1 });
    expect([...y]).toEqual([6, 8, 14, 6 + 16]);
  });

  it("send a pool's gradient to the first of several maxima", () => {
    const x = Float32Array.from([1, 7, 0, 7, 7, 0, 0, 0, 0]);
    const y = new Float32Array(1);
    const winner = new Uint32Array(1);
    maxPoolForward(x, y, winner, 1, [1, 3, 3]);
    const dx = new Float32Array(9);
    maxPoolBackward(Float32Array.from([2]), winner, dx);
    expect([...y]).toEqual([7]);
    expect([...dx]).toEqual([0, 2, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("give relu no gradient at 0", () => {
    const dx = new Float32Array(3);
    reluBackward(Float32Array.from([0, 2, 0]), Float32Array.from([5, 6, 7]), dx);
    expect([...dx]).toEqual([0, 6, 0]);
  });

  it("normalize a batch by its biased variance and move the running variance towards the unbiased one", () => {
    const x = Float32Array.from([1, 2, 3, 6]);
    const y = new Float32Array(4);
    const [mean, variance] = [Float32Array.from([10]), Float32Array.from([1])];
    const [weight, bias] = [Float32Array.from([2]), Float32Array.from([1])];
    batchNormTrain(x, weight, bias, mean, variance, y, 2, { channels: 1, area: 2 });
    expect(y[3]).toBeCloseTo(1 + (2 * 3) / Math.sqrt(3.5 + 1e-5), 6);
    expect(mean[0]).toBeCloseTo(0.9 * 10 + 0.1 * 3, 6);
    expect(variance[0]).toBeCloseTo(0.9 + (0.1 * 14) / 3, 6);
    batchNormEvaluate(x, weight, bias, mean, variance, y, 2, { channels: 1, area: 2 });
    expect(y[0]).toBeCloseTo(1 + (2 * (1 - mean[0])) / Math.sqrt(variance[0] + 1e-5), 6);
  });

  it("drop an element iff its own random number is below the rate, and scale the others", () => {
    const key = randomKey(1, streams.dropout, 2, 3);
    const y = new Float32Array(1000);
    dropout(new Float32Array(1000).fill(3), y, 0.25, key);
    expect([...y]).toEqual(Array.from({ length: 1000 }, (_, i) => (randomUniform(key, i) >= 0.25 ? 4 : 0)));
    expect(y.filter((value) => value === 0).length).toBeGreaterThan(200);
  });
});

describe("augmentation in the reference engine", () => {
  const image = Uint8Array.from({ length: 784 }, (_, i) => (i * 31) % 256);
  const identity = { mean: 0, std: 1 / 255 };
  const moved = (matrix: number[]) => {
    const x = new Float32Array(784);
    gatherImages(image, Uint32Array.from([0]), Float32Array.from(matrix), identity, x);
    return x;
  };

  it("keeps an image as it is under the identity", () => {
    expect([...moved([1, 0, 0, 0, 1, 0])].map(Math.round)).toEqual([...image]);
  });

  it("maps output pixels to source pixels: a shift by (2, 1) reads to the right and below, zeros beyond the edge", () => {
    const x = moved([1, 0, 2, 0, 1, 1]);
    expect(x[3 * 28 + 5]).toBeCloseTo(image[4 * 28 + 7], 4);
    expect(x[3 * 28 + 26]).toBe(0);
    expect(x[27 * 28]).toBe(0);
  });

  it("turns by a quarter about the centre", () => {
    const x = moved([0, -1, 27, 1, 0, 0]);
    expect(x[5 * 28 + 3]).toBeCloseTo(image[3 * 28 + 22], 4);
  });

  it("interpolates between four pixels, of which those outside count as 0", () => {
    const x = moved([1, 0, 0.25, 0, 1, -0.5]);
    const above = 0.75 * image[10 * 28 + 10] + 0.25 * image[10 * 28 + 11];
    const below = 0.75 * image[11 * 28 + 10] + 0.25 * image[11 * 28 + 11];
    expect(x[11 * 28 + 10]).toBeCloseTo((above + below) / 2, 3);
    expect(x[27]).toBeCloseTo(0.5 * 0.75 * image[27], 3);
  });

  it("normalizes after moving: pixels from outside of the image are background, not grey", () => {
    const x = new Float32Array(784);
    gatherImages(image, Uint32Array.from([0]), Float32Array.from([1, 0, 100, 0, 1, 0]), { mean: 0.1307, std: 0.3081 }, x);
    expect(x[400]).toBeCloseTo(-0.1307 / 0.3081, 6);
  });
});

/** Two steps with gradients 0.5 and −0.25 from w = 2 at learning rate 0.1, as the formulas in torch.optim's documentation give them. */
describe("optimizers of the reference engine", () => {
  const twoSteps = (settings: OptimizerSettings) => {
    const w = Float64Array.from([2]);
    const slots = new Map(slotNames(settings).map((slot) => [slot, new Float64Array(1)]));
    update(w, Float64Array.from([0.5]), slots, settings, 0.1, 1);
    const first = w[0];
    update(w, Float64Array.from([-0.25]), slots, settings, 0.1, 2);
    return { first, second: w[0], slots };
  };
  const plain = { momentum: 0, weightDecay: 0 };

  it("sgd takes steps of the learning rate times the gradient", () => {
    const { first, second, slots } = twoSteps({ type: "sgd", ...plain });
    expect([first, second]).toEqual([1.95, 1.95 + 0.1 * 0.25]);
    expect(slots.size).toBe(0);
  });

  it("sgd adds the weight decay to the gradient before the momentum buffer", () => {
    const { first, second } = twoSteps({ type: "sgd", momentum: 0.9, weightDecay: 0.01 });
    const g1 = 0.5 + 0.01 * 2;
    const w1 = 2 - 0.1 * g1;
    const g2 = -0.25 + 0.01 * w1;
    expect(first).toBeCloseTo(w1, 12);
    expect(second).toBeCloseTo(w1 - 0.1 * (0.9 * g1 + g2), 12);
  });

  it("adam takes a first step of the learning rate, whatever the gradient's size; ε stands outside the root", () => {
    const { first, second } = twoSteps({ type: "adam", ...plain });
    const m = 0.9 * 0.05 + 0.1 * -0.25;
    const v = 0.999 * 0.00025 + 0.001 * 0.0625;
    expect(first).toBeCloseTo(2 - (0.1 * 0.5) / (0.5 + 1e-8), 12);
    expect(second).toBeCloseTo(first - (0.1 * (m / (1 - 0.9 ** 2))) / (Math.sqrt(v / (1 - 0.999 ** 2)) + 1e-8), 12);
  });

  it("adam with weight decay adds the L2 term to the gradient, not to the step", () => {
    const { second } = twoSteps({ type: "adam", momentum: 0, weightDecay: 1 });
    const w1 = 2 - 0.1;
    const [g1, g2] = [2.5, -0.25 + w1];
    const m = 0.9 * 0.1 * g1 + 0.1 * g2;
    const v = 0.999 * 0.001 * g1 ** 2 + 0.001 * g2 ** 2;
    expect(second).toBeCloseTo(w1 - (0.1 * (m / (1 - 0.9 ** 2))) / Math.sqrt(v / (1 - 0.999 ** 2)), 8);
  });

  it("rmsprop has ε outside the root and no bias correction", () => {
    const { first, second } = twoSteps({ type: "rmsprop", ...plain });
    const v1 = 0.01 * 0.25;
    const v2 = 0.99 * v1 + 0.01 * 0.0625;
    expect(first).toBeCloseTo(2 - (0.1 * 0.5) / (Math.sqrt(v1) + 1e-8), 12);
    expect(second).toBeCloseTo(first + (0.1 * 0.25) / (Math.sqrt(v2) + 1e-8), 12);
  });

  it("rmsprop with momentum buffers the normalized gradient", () => {
    const { second } = twoSteps({ type: "rmsprop", momentum: 0.5, weightDecay: 0 });
    const v1 = 0.01 * 0.25;
    const v2 = 0.99 * v1 + 0.01 * 0.0625;
    const [b1, direction] = [0.5 / (Math.sqrt(v1) + 1e-8), -0.25 / (Math.sqrt(v2) + 1e-8)];
    expect(second).toBeCloseTo(2 - 0.1 * b1 - 0.1 * (0.5 * b1 + direction), 12);
  });
});
