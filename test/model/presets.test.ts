import { describe, expect, it } from "vitest";
import { initialTensors } from "../../dist/model/initialize.js";
import type { Layer } from "../../dist/model/layers.js";
import { executionOrder } from "../../dist/model/nodes.js";
import { buildModel, modelFromLayers, presetDescription, presetKernels, presetNames } from "../../dist/model/presets.js";
import { UserError } from "../../dist/util/errors.js";

const trainable = { simple: 206_922, deep: 870_826, residual: 77_754, vgg: 467_818, compact: 24_552, pyramid: 422_026 };

function thrownBy(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

const types = (layers: readonly Layer[]): string[] => layers.map((layer) => layer.type);

describe("presets", () => {
  it("are the six expected ones, each with a description", () => {
    expect([...presetNames].sort()).toEqual(Object.keys(trainable).sort());
    for (const preset of presetNames) expect(presetDescription(preset)).not.toBe("");
  });

  it.each(Object.entries(trainable))("%s has %i trainable parameters", (preset, count) => {
    const model = buildModel(preset);
    expect(model.parameterCount).toBe(count);
    expect(model.preset).toBe(preset);
    expect(model.nodes.at(-1)?.output).toEqual([10, 1, 1]);
  });

  it.each(presetNames)("%s has a gapless parameter table in order of appearance", (preset) => {
    const { parameters } = buildModel(preset);
    let offset = 0;
    for (const parameter of parameters) {
      expect(parameter.offset).toBe(offset);
      expect(parameter.size).toBe(parameter.shape.reduce((product, n) => product * n, 1));
      expect(parameter.trainable).toBe(!parameter.name.includes("running_"));
      offset += parameter.size;
    }
    expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length);
  });

  it("name parameters as PyTorch's modules would", () => {
    const names = (preset: string) => buildModel(preset).parameters.map(({ name, shape }) => `${name} ${shape.join("×")}`);
    expect(names("simple")).toEqual([
      ...["conv1.weight 16×1×3×3", "conv1.bias 16", "conv2.weight 32×16×3×3", "conv2.bias 32"],
      ...["fc1.weight 128×1568", "fc1.bias 128", "fc2.weight 10×128", "fc2.bias 10"],
    ]);
    expect(names("deep").slice(0, 6)).toEqual([
      ...["conv1.weight 32×1×3×3", "bn1.weight 32", "bn1.bias 32", "bn1.running_mean 32", "bn1.running_var 32"],
      "conv2.weight 32×32×3×3",
    ]);
    const residual = names("residual");
    expect(residual.filter((name) => name.startsWith("layer1") && name.includes(".weight"))).toEqual([
      ...["layer1.conv1.weight 16×16×3×3", "layer1.bn1.weight 16", "layer1.conv2.weight 16×16×3×3", "layer1.bn2.weight 16"],
    ]);
    expect(residual).toContain("layer2.conv1.weight 32×16×3×3");
    expect(residual).toContain("layer2.shortcut.0.weight 32×16×1×1");
    expect(residual).toContain("layer3.shortcut.1.running_var 64");
    expect(residual.filter((name) => name.includes("bias") && name.includes("conv"))).toEqual([]);
    expect(residual.slice(-2)).toEqual(["fc1.weight 10×64", "fc1.bias 10"]);
  });

  it("have the shapes of PyTorch's layers, odd sizes included", () => {
    const outputs = (preset: string, type: Layer["type"]) =>
      executionOrder(buildModel(preset).nodes)
        .filter((node) => node.layer.type === type)
        .map((node) => node.output.join("×"));
    expect(outputs("compact", "conv")).toEqual(["8×26×26", "16×24×24", "22×10×10", "56×8×8"]);
    expect(outputs("compact", "flatten")).toEqual(["896×1×1"]);
    expect(outputs("pyramid", "maxPool")).toEqual(["32×14×14", "64×7×7", "128×3×3"]);
    expect(outputs("residual", "residual")).toEqual(["16×28×28", "32×14×14", "64×7×7"]);
    expect(outputs("residual", "globalAveragePool")).toEqual(["64×1×1"]);
  });

  it("count their layers in execution order, a residual after its parts, and their dropouts", () => {
    const nodes = executionOrder(buildModel("residual").nodes);
    expect(nodes.map(({ id }) => id)).toEqual(nodes.map((_, i) => i));
    const [block] = buildModel("residual").nodes.filter(({ layer }) => layer.type === "residual");
    expect(block.shortcut).toEqual([]);
    expect(block.id).toBe(block.body!.at(-1)!.id + 1);
    const dropouts = buildModel("deep").nodes.filter(({ layer }) => layer.type === "dropout");
    expect(dropouts.map(({ dropoutIndex }) => dropoutIndex)).toEqual([0, 1, 2]);
    expect(dropouts.map(({ layer }) => layer.type === "dropout" && layer.rate)).toEqual([0.25, 0.25, 0.5]);
  });

  it("are listed in the error for an unknown name", () => {
    for (const name of ["resnet", "", "../recipes/simple", "simple.json", "Simple"]) {
      const error = thrownBy(() => buildModel(name));
      expect(error.exitCode).toBe(2);
      expect(error.message).toContain("compact, deep, pyramid, residual, simple, vgg");
    }
  });
});

describe("kernels", () => {
  it.each(presetNames)("set to %s's own widths leave the model as it is", (preset) => {
    expect(buildModel(preset, { kernels: presetKernels(preset) })).toEqual(buildModel(preset));
  });

  it("are the widths of the convolutions in order", () => {
    const { parameters } = buildModel("pyramid", { kernels: [3, 5, 512, 1] });
    expect(parameters.filter(({ name }) => name.endsWith("weight")).map(({ shape }) => shape[0])).toEqual([3, 5, 512, 1, 128, 10]);
  });

  it("give a residual block one width and, where it differs from the one before, a projection", () => {
    const model = buildModel("residual", { kernels: [8, 12, 12, 20] });
    const shapes = new Map(model.parameters.map(({ name, shape }) => [name, shape]));
    expect(shapes.get("layer1.conv2.weight")).toEqual([12, 12, 3, 3]);
    expect(shapes.get("layer1.shortcut.0.weight")).toEqual([12, 8, 1, 1]);
    expect(shapes.get("fc1.weight")).toEqual([10, 20]);
  });

  it.each([[[16, 32, 64]], [[16, 32, 64, 128, 256]], [[]], [[0, 1, 2, 3]], [[1, 2, 3, 513]], [[1.5, 2, 3, 4]], [[Number.NaN, 2, 3, 4]]])(
    "are refused where the list is %j",
    (kernels) => {
      const error = thrownBy(() => buildModel("pyramid", { kernels }));
      expect(error.exitCode).toBe(2);
      expect(error.message).toContain("4 whole numbers from 1 to 512, such as 32-64-128-256");
    },
  );
});

describe("dropout", () => {
  const rates = (preset: string, dropout: number) =>
    buildModel(preset, { dropout }).layers.flatMap((layer) => (layer.type === "dropout" ? [layer.rate] : []));

  it("sets the rate of every dropout layer", () => {
    expect(rates("deep", 0.1)).toEqual([0.1, 0.1, 0.1]);
    expect(rates("pyramid", 0.3)).toEqual([0.3]);
  });

  it("goes before the last dense layer where a preset has none", () => {
    expect(rates("simple", 0.4)).toEqual([0.4]);
    expect(types(buildModel("simple", { dropout: 0.4 }).layers).slice(-2)).toEqual(["dropout", "dense"]);
    expect(types(buildModel("residual", { dropout: 0.4 }).layers).slice(-3)).toEqual(["globalAveragePool", "dropout", "dense"]);
  });

  it("of 0 is no layer at all", () => {
    for (const preset of presetNames) expect(rates(preset, 0)).toEqual([]);
  });

  it.each([1, -0.1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("is refused where the rate is %d", (dropout) => {
    expect(thrownBy(() => buildModel("deep", { dropout })).exitCode).toBe(2);
  });

  it("changes no parameter: a checkpoint fits models of every rate", () => {
    for (const preset of presetNames) expect(buildModel(preset, { dropout: 0.7 }).parameters).toEqual(buildModel(preset).parameters);
  });
});

describe("a list of layers", () => {
  const conv: Layer = { type: "conv", name: "conv1", filters: 4, kernelSize: 3, stride: 1, padding: "valid", bias: true };
  const dense: Layer = { type: "dense", name: "fc1", units: 10 };
  const pools = (n: number): Layer[] => Array.from({ length: n }, () => ({ type: "maxPool" }));
  const wrong: [string, Layer[], string][] = [
    ["that ends in a wrong shape", [conv], "must end in 10 logits, got 4×26×26"],
    ["that is empty", [], "10 logits"],
    ["with a dense layer on an image", [conv, dense], "fc1 needs a flat input, got 4×26×26"],
    ["with a pool of one pixel", [...pools(5), dense], "at least 2×2"],
    ["with a valid convolution of a small image", [...pools(4), conv, { type: "flatten" }, dense], "conv1 needs an image of at least 3×3"],
    ["with a name twice", [conv, conv, { type: "flatten" }, dense], "conv1.weight"],
    ["with no filters", [{ ...conv, filters: 0 }, { type: "flatten" }, dense], "filters"],
    ["that drops all", [{ type: "dropout", rate: 1 }, { type: "flatten" }, dense], "a rate in [0, 1)"],
    [
      "with a residual of two shapes",
      [{ type: "residual", name: "layer1", body: [conv], shortcut: [] }, { type: "flatten" }, dense],
      "one shape",
    ],
  ];
  it.each(wrong)("%s is refused", (_, layers, message) => {
    const error = thrownBy(() => modelFromLayers("odd", layers));
    expect(error.message).toContain(message);
    expect(error.exitCode).toBe(2);
  });
});

describe("initial weights", () => {
  const tensors = initialTensors(buildModel("deep"), 5);

  it("are uniform within ±1/√fanIn, bias and weight alike; batch norm starts as the identity", () => {
    const check = (name: string, bound: number) => {
      const { data } = tensors.get(name)!;
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeLessThanOrEqual(Math.fround(bound));
      expect(largest).toBeGreaterThan(bound * 0.9);
      const variance = data.reduce((sum, value) => sum + value ** 2, 0) / data.length;
      // A uniform variable has the variance bound²/3; four standard errors of its estimate are allowed.
      expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan(4 * Math.sqrt(0.8 / data.length));
    };
    check("conv1.weight", 1 / 3);
    check("conv3.weight", 1 / Math.sqrt(32 * 9));
    check("fc1.weight", 1 / Math.sqrt(3136));
    check("fc1.bias", 1 / Math.sqrt(3136));
    expect(new Set(tensors.get("bn1.weight")!.data)).toEqual(new Set([1]));
    expect(new Set(tensors.get("bn1.bias")!.data)).toEqual(new Set([0]));
    expect(new Set(tensors.get("bn1.running_mean")!.data)).toEqual(new Set([0]));
    expect(new Set(tensors.get("bn1.running_var")!.data)).toEqual(new Set([1]));
  });

  it("depend on the seed and the place in the table, and on nothing else", () => {
    const again = initialTensors(buildModel("deep"), 5);
    for (const [name, { shape, data }] of tensors) {
      expect(again.get(name)!.data).toEqual(data);
      expect([...shape]).toEqual([...again.get(name)!.shape]);
    }
    expect(initialTensors(buildModel("deep"), 6).get("conv1.weight")!.data).not.toEqual(tensors.get("conv1.weight")!.data);
    expect(tensors.get("conv3.weight")!.data.slice(0, 8)).not.toEqual(tensors.get("conv4.weight")!.data.slice(0, 8));
  });
});
