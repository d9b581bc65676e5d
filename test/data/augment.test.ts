import { describe, expect, it } from "vitest";
import { augmentMatrices, augments } from "../../dist/data/augment.js";

const none = { rotate: 0, shift: 0, scale: 0 };
const all = { rotate: 15, shift: 2, scale: 0.1, crop: { size: 22, probability: 0.5 } };

/** The matrix of sample i. */
const matrix = (matrices: Float32Array, i: number) => matrices.subarray(6 * i, 6 * i + 6);

describe("augmentMatrices", () => {
  it("gives no matrices where no augmentation is configured", () => {
    expect(augmentMatrices(none, 0, 0, 2, 4)).toBeUndefined();
    expect(augments({ ...none, crop: { size: 22, probability: 0 } })).toBe(false);
    expect(augments({ ...none, crop: { size: 22, probability: 0.1 } })).toBe(true);
  });

  it("does not depend on how the steps are cut into chunks", () => {
    const whole = augmentMatrices(all, 5, 10, 4, 8)!;
    expect(whole).toHaveLength(4 * 8 * 6);
    expect(augmentMatrices(all, 5, 11, 2, 8)).toEqual(whole.slice(8 * 6, 3 * 8 * 6));
    expect(augmentMatrices(all, 6, 10, 4, 8)).not.toEqual(whole);
  });

  it("gives a smaller last batch the numbers of the larger one", () => {
    expect(augmentMatrices(all, 5, 10, 1, 3)).toEqual(augmentMatrices(all, 5, 10, 1, 8)!.slice(0, 18));
  });

  it("rotates about the centre by at most the angle, both ways", () => {
    const matrices = augmentMatrices({ ...none, rotate: 15 }, 1, 0, 1, 4000)!;
    const angles = Array.from({ length: 4000 }, (_, i) => {
      const [a, b, c, d, e, f] = matrix(matrices, i);
      expect(a * e - b * d).toBeCloseTo(1, 5);
      expect(a * 13.5 + b * 13.5 + c).toBeCloseTo(13.5, 4);
      expect(d * 13.5 + e * 13.5 + f).toBeCloseTo(13.5, 4);
      return (Math.atan2(d, a) * 180) / Math.PI;
    });
    expect(Math.max(...angles)).toBeLessThanOrEqual(15.001);
    expect(Math.max(...angles)).toBeGreaterThan(14.5);
    expect(Math.min(...angles)).toBeLessThan(-14.5);
    expect(Math.abs(angles.reduce((sum, angle) => sum + angle, 0) / 4000)).toBeLessThan(0.7);
  });

  it("crops the middle with the probability given", () => {
    const matrices = augmentMatrices({ ...none, crop: { size: 22, probability: 0.1 } }, 1, 0, 1, 4000)!;
    let cropped = 0;
    for (let i = 0; i < 4000; i++) {
      const [a, b, c, , , f] = matrix(matrices, i);
      expect(b).toBeCloseTo(0);
      if (a === 1) continue;
      cropped++;
      // Output 0…27 spans the source pixels 3…24, edge to edge.
      expect(-0.5 * a + c).toBeCloseTo(2.5, 5);
      expect(27.5 * a + c).toBeCloseTo(24.5, 5);
      expect(f).toBeCloseTo(c, 5);
    }
    expect(cropped).toBeGreaterThan(300);
    expect(cropped).toBeLessThan(500);
  });

  it("shifts and scales within the ranges given", () => {
    const shifts = augmentMatrices({ ...none, shift: 2 }, 1, 0, 1, 1000)!;
    const scales = augmentMatrices({ ...none, scale: 0.1 }, 1, 0, 1, 1000)!;
    for (let i = 0; i < 1000; i++) {
      const [a, b, c, d, e, f] = matrix(shifts, i);
      expect([a, b, d, e].map(Math.abs)).toEqual([1, 0, 0, 1]);
      expect(Math.max(Math.abs(c), Math.abs(f))).toBeLessThanOrEqual(2);
      const factor = 1 / matrix(scales, i)[0];
      expect(factor).toBeGreaterThan(0.899);
      expect(factor).toBeLessThan(1.101);
    }
  });
});
