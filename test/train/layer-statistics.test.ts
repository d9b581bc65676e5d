import { expect, test } from "vitest";
import { initialTensors } from "../../dist/model/initialize.js";
import { buildModel } from "../../dist/model/presets.js";
import { LayerWatch } from "../../dist/train/layer-statistics.js";

function stateOf(preset: string, change = 0) {
  const model = buildModel(preset);
  const tensors = initialTensors(model, 1);
  for (const { data } of tensors.values()) for (let i = 0; i < data.length; i++) data[i] += change;
  return { model, state: { step: 0, tensors } };
}

test("layers come in execution order, and their parameters add up to the model's", () => {
  const { model, state } = stateOf("residual");
  const { layers } = new LayerWatch(model).look(state);
  expect(layers.slice(0, 4).map(({ name }) => name)).toEqual(["conv1", "bn1", "relu", "layer1.conv1"]);
  expect(layers.find(({ name }) => name === "conv1")).toMatchObject({ description: "conv 3×3, 16", output: [16, 28, 28], parameters: 144 });
  expect(layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(model.parameterCount);
});

test("norms are of the trainable parameters, updates of what changed since the last look", () => {
  const first = stateOf("simple");
  const watch = new LayerWatch(first.model);
  const before = watch.look(first.state).layers.find(({ name }) => name === "fc2")!;
  const weights = [...first.state.tensors.get("fc2.weight")!.data, ...first.state.tensors.get("fc2.bias")!.data];
  expect(before.weightNorm).toBeCloseTo(Math.hypot(...weights), 5);
  expect(before.updateNorm).toBeUndefined();
  const after = watch.look(stateOf("simple", 0.5).state).layers.find(({ name }) => name === "fc2")!;
  expect(after.updateNorm).toBeCloseTo(0.5 * Math.sqrt(1290), 4);
});

test("the first convolution's filters are its weights", () => {
  const { model, state } = stateOf("compact");
  const { filters } = new LayerWatch(model).look(state);
  expect(filters).toMatchObject({ count: 8, size: 3 });
  expect(filters!.values).toEqual([...state.tensors.get("conv1.weight")!.data]);
});
