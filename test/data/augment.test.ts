import { describe, expect, it } from "vitest";
import { applyAffine, augmentMatrices, augments } from "../../dist/data/augment.js";

const none = { rotate: 0, shift: 0, scale: 0 };
const all = { rotate: 15, shift: 2, scale: 0.1, crop: { size: 22, probability: 0.5 } };

/** The matrix of sample i. */
const matrix = (matrices: Float32Array, i: number) => matrices.subarray(6 * i, 6 * i + 6);

function image(ink: (x: number, y: number) => number): Uint8Array {
  return Uint8Array.from({ length: 784 }, (_, i) => ink(i % 28, Math.floor(i / 28)));
}

describe("augmentMatrices", () => {
  it("is undefined where nothing is asked for", () => {
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

describe("applyAffine", () => {
  const ramp = image((x, y) => 3 * x + 5 * y);

  it("keeps the image under the identity", () => {
    expect([...applyAffine(ramp, [1, 0, 0, 0, 1, 0])]).toEqual([...ramp]);
  });

  it("moves by whole pixels and fills with zeros", () => {
    const dot = image((x, y) => (x === 10 && y === 20 ? 200 : 0));
    const moved = applyAffine(dot, [1, 0, -2, 0, 1, 3]);
    expect(moved[17 * 28 + 12]).toBe(200);
    expect(moved.reduce((sum, value) => sum + value, 0)).toBe(200);
    expect(
      applyAffine(
        image(() => 255),
        [1, 0, 4, 0, 1, 0],
      ).filter((value) => value === 0),
    ).toHaveLength(4 * 28);
  });

  it("is exact on a ramp between pixels, and fades to zero outside", () => {
    const sampled = applyAffine(ramp, [1, 0, 0.25, 0, 1, 0.5]);
    expect(sampled[10 * 28 + 10]).toBeCloseTo(3 * 10.25 + 5 * 10.5, 4);
    const edge = applyAffine(
      image(() => 100),
      [1, 0, -0.25, 0, 1, 0],
    );
    expect(edge[0]).toBeCloseTo(75, 4);
    expect(edge[1]).toBeCloseTo(100, 4);
  });

  it("turns a quarter about the centre", () => {
    const turned = applyAffine(ramp, [0, -1, 27, 1, 0, 0]);
    for (const [x, y] of [
      [0, 0],
      [5, 9],
      [27, 27],
    ])
      expect(turned[y * 28 + x]).toBeCloseTo(ramp[x * 28 + (27 - y)], 3);
  });
});
