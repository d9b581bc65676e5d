import { expect } from "vitest";
import type { Tensor } from "../../../dist/engine/contract/state.js";

type Tensors = ReadonlyMap<string, Pick<Tensor, "data">>;
type Numbers = ArrayLike<number>;

/** Fails unless every |actual − expected| ≤ tolerance. NaN fails. */
export function expectClose(actual: Numbers, expected: Numbers, tolerance: number, what: string): void {
  expect(actual.length, `length of ${what}`).toBe(expected.length);
  let worst = 0;
  for (let i = 1; i < actual.length; i++) if (!(distance(i) <= distance(worst))) worst = i;
  if (actual.length > 0) {
    const message = `${what}[${worst}] is ${actual[worst]}, expected ${expected[worst]} ± ${tolerance.toExponential(1)}`;
    expect(distance(worst) <= tolerance, message).toBe(true);
  }
  function distance(i: number): number {
    return Math.abs(actual[i] - expected[i]);
  }
}

/**
 * Fails unless each tensor agrees element by element, within `tolerance` of its own largest value plus `tolerance` / 100 of the
 * largest value of all tensors: a tensor whose true value is 0, such as a bias before batch norm, holds only rounding.
 */
export function expectTensorsClose(actual: Tensors, expected: Tensors, tolerance: number): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  const all = Math.max(0, ...[...expected.values()].map(({ data }) => largest(data)));
  for (const [name, { data }] of expected) {
    expectClose(actual.get(name)!.data, data, tolerance * (largest(data) + all / 100), name);
  }
}

/**
 * Fails unless training moved from `start` to the same point: the distance between both ends is at most a share of the distance that the
 * reference moved (Euclidean), `whole` over all tensors together and `each` for every tensor alone. For a tensor that moved less than a
 * millionth of the longest distance, that millionth counts as its distance.
 */
export function expectSameMovement(
  actual: Tensors,
  expected: Tensors,
  start: Tensors,
  { whole, each }: { whole: number; each: number },
): void {
  const ways = new Map([...expected].map(([name, { data }]) => [name, norm(data, start.get(name)!.data)]));
  const gaps = new Map([...expected].map(([name, { data }]) => [name, norm(actual.get(name)!.data, data)]));
  const shortest = 1e-6 * Math.max(...ways.values());
  for (const [name, way] of ways) {
    const gap = gaps.get(name)!;
    const message = `${name} ended ${gap.toExponential(2)} away after a way of ${way.toExponential(2)}`;
    expect(gap <= each * Math.max(way, shortest), message).toBe(true);
  }
  const share = Math.hypot(...gaps.values()) / Math.hypot(...ways.values());
  expect(share, "distance of all tensors, as a share of the way").toBeLessThanOrEqual(whole);
}

/** Fails unless both have the same tensors, bit for bit (−0 is 0's equal). */
export function expectIdentical(actual: Tensors, expected: Tensors): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { data }] of expected) {
    const other = actual.get(name)!.data;
    const differing = data.findIndex((value, i) => !Object.is(value + 0, other[i] + 0));
    expect(differing, `first differing element of ${name}`).toBe(-1);
    expect(other.length, `length of ${name}`).toBe(data.length);
  }
}

function largest(data: Float32Array): number {
  return data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function norm(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));
}
