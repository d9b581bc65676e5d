import { describe, expect, it } from "vitest";
import { epochOrder } from "../../dist/data/sampler.js";

describe("epochOrder", () => {
  it("visits every sample once", () => {
    expect([...epochOrder(7, 0, 1000)].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it("is the same for the same seed and epoch, and different for any other", () => {
    expect(epochOrder(7, 3, 100)).toEqual(epochOrder(7, 3, 100));
    expect(epochOrder(7, 4, 100)).not.toEqual(epochOrder(7, 3, 100));
    expect(epochOrder(8, 3, 100)).not.toEqual(epochOrder(7, 3, 100));
  });

  it("leaves no trace of the samples' stored order", () => {
    const n = 20_000;
    const order = epochOrder(0, 0, n);
    const distance = order.reduce((sum, sample, i) => sum + Math.abs(sample - i), 0) / n;
    // A third of n is the mean distance of two random places.
    expect(distance / n).toBeGreaterThan(0.32);
    expect(distance / n).toBeLessThan(0.345);
  });
});
