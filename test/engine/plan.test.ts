import { expect, test } from "vitest";
import { assemble } from "../../dist/engine/cpu/compile/assemble.js";
import { lower } from "../../dist/engine/cpu/compile/lower.js";
import { Allocator } from "../../dist/engine/cpu/memory/allocator.js";
import { Store } from "../../dist/engine/cpu/memory/store.js";
import { buildModel } from "../../dist/model/presets.js";

test("a pool's gradient takes the memory of the pool's input, also where that has a border", () => {
  const model = buildModel("simple");
  const allocator = new Allocator();
  const store = new Store(model, { type: "adam", momentum: 0, weightDecay: 0 }, 16, allocator);
  const lowered = lower(model, store, "train", 32);
  store.gradients.place(allocator, 4);
  assemble(lowered, 32, 8, allocator);
  const instructions = lowered.phases.flatMap((phase) => phase.instructions);
  for (const [name, border] of [
    ["conv1", 0],
    ["conv2", 1],
  ] as const) {
    const back = instructions.find(({ label }) => label === `activation of ${name} backward`)!;
    const [input, gradient] = [name, `d ${name}`].map((wanted) => back.maps.find((map) => map.name === wanted)!);
    expect(gradient).toMatchObject({ border, placement: input.placement });
    expect(input).toMatchObject({ border, placement: { scope: "task" } });
  }
});
