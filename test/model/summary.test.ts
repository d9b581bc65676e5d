import { afterEach, describe, expect, it, vi } from "vitest";
import { summaryCommand } from "../../dist/cli/summary.js";
import { buildModel, presetNames } from "../../dist/model/presets.js";
import { summarize } from "../../dist/model/summary.js";

afterEach(() => vi.restoreAllMocks());

/** Runs the command as commander would. @returns its standard output */
async function summary(...args: string[]): Promise<string> {
  let written = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written += text;
    return true;
  });
  await summaryCommand().parseAsync(args, { from: "user" });
  return written;
}

describe("summary of a model", () => {
  it.each(presetNames)("accounts for every parameter of %s", (preset) => {
    const model = buildModel(preset);
    const { layers, parameters, nonTrainable, parameterBytes } = summarize(model);
    const size = (trainable: boolean) => model.parameters.reduce((sum, p) => sum + (p.trainable === trainable ? p.size : 0), 0);
    expect(layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(model.parameterCount);
    expect([parameters, nonTrainable]).toEqual([size(true), size(false)]);
    expect(parameterBytes).toBe(4 * (size(true) + size(false)));
  });

  /**
   * FLOPs of training, in millions per image, counted independently of this code: forward pass, weight gradients and input gradients cost the same,
   * but the first convolution needs no input gradient.
   */
  it.each([
    ["simple", 7.08],
    ["deep", 114],
    ["residual", 55.9],
    ["vgg", 112],
    ["compact", 10.4],
    ["pyramid", 60.4],
  ])("counts the operations of %s: %d MFLOP a training image", (preset, expected) => {
    const { flops, layers } = summarize(buildModel(preset));
    expect((3 * flops - layers[0].flops) / 1e6 / expected).toBeCloseTo(1, 2);
  });

  it("lists layers in execution order with their own parameters, those of a residual indented", () => {
    const { layers } = summarize(buildModel("residual"));
    const block = layers.filter(({ name }) => name.startsWith("layer2"));
    expect(block.map(({ name, parameters, depth }) => [name, parameters, depth])).toEqual([
      ["layer2.conv1", 4608, 1],
      ["layer2.bn1", 64, 1],
      ["layer2.conv2", 9216, 1],
      ["layer2.bn2", 64, 1],
      ["layer2.shortcut.0", 512, 1],
      ["layer2.shortcut.1", 64, 1],
      ["layer2", 0, 0],
    ]);
  });
});

describe("mnist-tui summary", () => {
  it("prints a table with totals", async () => {
    const lines = (await summary("simple")).split("\n");
    expect(lines.find((line) => line.startsWith("conv2"))).toMatch(/^conv2 +32 filters 3×3 +32×14×14 +4,640 +1,806,336$/);
    expect(lines.find((line) => line.startsWith("Trainable"))).toMatch(/206,922$/);
    expect(lines.find((line) => line.startsWith("Non-trainable"))).toMatch(/ 0$/);
    expect(lines.find((line) => line.startsWith("Parameter memory"))).toMatch(/808\.3 KiB$/);
    expect(lines.find((line) => line.startsWith("Forward"))).toMatch(/2\.44 MFLOP$/);
  });

  it("prints one JSON object with --json", async () => {
    const text = await summary("pyramid", "--kernels", "16-32-64-128", "--dropout", "0.3", "--json");
    const parsed = JSON.parse(text);
    expect(text.endsWith("}\n")).toBe(true);
    expect(parsed).toMatchObject({ model: "pyramid", parameters: 114_954, nonTrainable: 0, kernels: [16, 32, 64, 128], dropout: 0.3 });
    expect(parsed.layers.at(-2)).toMatchObject({ type: "dropout", settings: "rate 0.3", output: [128, 1, 1] });
  });

  it("takes settings in the model's own entry, which win over the flags", async () => {
    const parsed = JSON.parse(await summary("pyramid:kernels=16-32-64-128", "--kernels", "1-2-3-4", "--json"));
    expect(parsed.parameters).toBe(114_954);
  });

  it("keeps to ASCII with --ascii", async () => {
    expect(await summary("residual", "--ascii")).toMatch(/^[\n -~]+$/);
  });

  it.each([
    [["resnet"], "residual"],
    [["simple,deep"], "one model"],
    [["simple", "--kernels", "16"], "2 whole numbers"],
    [["simple", "--kernels", "a-b"], "--kernels"],
    [["simple", "--dropout", "1"], "--dropout"],
    [["simple:depth=3"], "depth"],
  ])("refuses %j as wrong usage", async (args, message) => {
    await expect(summary(...args)).rejects.toMatchObject({ name: "UserError", exitCode: 2, message: expect.stringContaining(message) });
  });
});
