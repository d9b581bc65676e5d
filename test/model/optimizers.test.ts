import { expect, it } from "vitest";
import { optimizerNames, slotNames } from "../../dist/model/optimizers.js";

it("optimizers keep PyTorch's slots, and a momentum buffer where they have a momentum", () => {
  const slots = (type: (typeof optimizerNames)[number], momentum: number) => slotNames({ type, momentum });
  expect(slots("adam", 0.9)).toEqual(["exp_avg", "exp_avg_sq"]);
  expect([slots("sgd", 0), slots("sgd", 0.9)]).toEqual([[], ["momentum_buffer"]]);
  expect([slots("rmsprop", 0), slots("rmsprop", 0.9)]).toEqual([["square_avg"], ["square_avg", "momentum_buffer"]]);
});

it("optimizers have no more slots than the kernels take", () => {
  for (const type of optimizerNames) expect(slotNames({ type, momentum: 0.5 }).length).toBeLessThanOrEqual(2);
});
