import { describe, expect, it } from "vitest";
import { argmax, crossEntropySum, softmax } from "../../dist/model/logits.js";

const logits = Float32Array.of(1000, 1000, 0, 0, 0, 0, 0, 0, 0, -1000, ...Array(9).fill(0), Math.log(11));

describe("logits", () => {
  it("become probabilities row by row, however large they are", () => {
    const probabilities = [...softmax(logits)];
    expect(probabilities.slice(0, 10)).toEqual([0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0]);
    for (const other of probabilities.slice(10, 19)) expect(other).toBeCloseTo(1 / 20, 7);
    expect(probabilities[19]).toBeCloseTo(11 / 20, 7);
  });

  it("predict the class of the highest logit, the lowest class where several are equal", () => {
    expect([...argmax(logits)]).toEqual([0, 9]);
  });

  it("have a finite loss where a probability is too small for a float", () => {
    expect(crossEntropySum(logits.subarray(0, 10), Uint8Array.of(9))).toBeCloseTo(2000 + Math.log(2), 9);
    expect(crossEntropySum(logits, Uint8Array.of(0, 0))).toBeCloseTo(Math.log(2) + Math.log(20), 6);
  });

  it("that are NaN give probabilities that are NaN", () => {
    expect([...softmax(Float32Array.of(0, Number.NaN, 0, 0, 0, 0, 0, 0, 0, 0))].every(Number.isNaN)).toBe(true);
  });
});
