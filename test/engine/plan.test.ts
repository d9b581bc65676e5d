import { expect, test } from "vitest";
import { lower } from "../../dist/engine/cpu/lower.js";
import { Allocator } from "../../dist/engine/cpu/memory.js";
import { plan } from "../../dist/engine/cpu/plan.js";
import { Store } from "../../dist/engine/cpu/store.js";
import { buildModel } from "../../dist/model/presets.js";

test("a pool's gradient lies where the pool's input lay, behind a border too", () => {
  const model = buildModel("simple");
  const allocator = new Allocator();
  const store = new Store(model, { type: "adam", momentum: 0, weightDecay: 0 }, 16, allocator);
  const lowered = lower(model, store, "train", 32);
  store.gradients.place(allocator, 4);
  plan(lowered, 32, 8, allocator);
  const instructions = lowered.phases.flatMap((phase) => phase.instructions);
  for (const [name, border] of [
    ["conv1", 0],
    ["conv2", 1],
  ] as const) {
    const back = instructions.find(({ label }) => label === `activation of ${name} backward`)!;
    const [input, gradient] = [name, `d ${name}`].map((wanted) => back.values.find((v) => v.name === wanted)!);
    expect(gradient).toMatchObject({ border, scope: "task", offset: input.offset, slot: input.slot });
    expect(input).toMatchObject({ border, scope: "task" });
  }
});
