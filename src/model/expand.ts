import type { Layer } from "./model.js";
import type { LayerSpec } from "./preset-schema.js";

/**
 * Turns the layers of a preset file into named layers. Names are PyTorch's habit, counted in order of appearance: conv1, bn1,
 * conv2, …, fc1, fc2; a residual block is layer1 with conv1, bn1, conv2, bn2 and, where its shape changes, shortcut.0
 * (1×1 convolution) and shortcut.1 (batch norm).
 * @param inputChannels channels of the image: decide whether the first block needs a projection
 */
export function expandLayers(specs: readonly LayerSpec[], inputChannels = 1): Layer[] {
  const counts = { conv: 0, bn: 0, fc: 0, layer: 0 };
  const next = (kind: keyof typeof counts) => `${kind}${++counts[kind]}`;
  const layers: Layer[] = [];
  let channels = inputChannels;
  for (const spec of specs) {
    switch (spec.type) {
      case "conv":
        layers.push({ ...spec, name: next("conv") });
        channels = spec.filters;
        break;
      case "batchNorm":
        layers.push({ type: "batchNorm", name: next("bn") });
        break;
      case "dense":
        layers.push({ type: "dense", name: next("fc"), units: spec.units });
        channels = spec.units;
        break;
      case "residual":
        layers.push(residualBlock(next("layer"), channels, spec.filters, spec.stride), { type: "relu" });
        channels = spec.filters;
        break;
      default:
        layers.push(spec);
    }
  }
  return layers;
}

/** conv 3×3 (stride), BN, relu, conv 3×3, BN, plus the input, projected by conv 1×1 (stride), BN where the shape changes. */
function residualBlock(name: string, inputs: number, filters: number, stride: 1 | 2): Layer {
  const conv = (suffix: string, kernelSize: 1 | 3, convStride: 1 | 2): Layer => ({
    type: "conv",
    name: `${name}.${suffix}`,
    filters,
    kernelSize,
    stride: convStride,
    padding: "same",
    bias: false,
  });
  const norm = (suffix: string): Layer => ({ type: "batchNorm", name: `${name}.${suffix}` });
  return {
    type: "residual",
    name,
    body: [conv("conv1", 3, stride), norm("bn1"), { type: "relu" }, conv("conv2", 3, 1), norm("bn2")],
    shortcut: stride === 1 && inputs === filters ? [] : [conv("shortcut.0", 1, stride), norm("shortcut.1")],
  };
}
