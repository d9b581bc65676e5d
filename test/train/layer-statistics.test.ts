import { expect, test } from "vitest";
import { initialTensors } from "../../dist/model/initialize.js";
import { buildModel } from "../../dist/model/presets.js";
import { layerStatistics } from "../../dist/train/layer-statistics.js";

function stateOf(preset: string) {
  const model = buildModel(preset);
  const tensors = initialTensors(model, 1);
  return { model, state: { step: 0, tensors } };
}

test("layers come in execution order, and their parameters add up to the model's", () => {
  const { model, state } = stateOf("residual");
  const { layers } = layerStatistics(model, state);
  expect(layers.slice(0, 4).map(({ name }) => name)).toEqual(["conv1", "bn1", "relu", "layer1.conv1"]);
  expect(layers.find(({ name }) => name === "conv1")).toMatchObject({ description: "conv 3×3, 16", output: [16, 28, 28], parameters: 144 });
  expect(layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(model.parameterCount);
});

test("a layer has the norm of its trainable parameters, and of their gradients where the engine gives it", () => {
  const { model, state } = stateOf("simple");
  const named = (name: string, layers: { name: string }[]) => layers.find((layer) => layer.name === name);
  const weights = [...state.tensors.get("fc2.weight")!.data, ...state.tensors.get("fc2.bias")!.data];
  const before = layerStatistics(model, state).layers;
  expect(named("fc2", before)).toMatchObject({ weightNorm: expect.closeTo(Math.hypot(...weights), 5) });
  expect(named("fc2", before)).not.toHaveProperty("gradientNorm");
  const norms = new Map([
    ["fc2.weight", 3],
    ["fc2.bias", 4],
  ]);
  expect(named("fc2", layerStatistics(model, state, norms).layers)).toMatchObject({ gradientNorm: 5 });
});

test("the first convolution's filters are its weights", () => {
  const { model, state } = stateOf("compact");
  const { filters } = layerStatistics(model, state);
  expect(filters).toMatchObject({ count: 8, size: 3 });
  expect(filters!.values).toEqual([...state.tensors.get("conv1.weight")!.data]);
});
