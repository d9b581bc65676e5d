import type { Layer } from "./model.js";

/** A layer in words, for people. */
interface LayerDescription {
  /** Says by itself what the layer is: "conv 3×3, 16". */
  title: string;
  /** The settings beside the layer's type: "16 filters 3×3, stride 2"; empty where it has none. */
  settings: string;
}

/** @returns both descriptions of a layer */
export function describeLayer(layer: Layer): LayerDescription {
  switch (layer.type) {
    case "conv": {
      const size = `${layer.kernelSize}×${layer.kernelSize}`;
      const exceptions = [...(layer.stride > 1 ? [`stride ${layer.stride}`] : []), ...(layer.padding === "valid" ? ["valid"] : [])];
      return {
        title: [`conv ${size}`, layer.filters, ...exceptions].join(", "),
        settings: [`${layer.filters} filters ${size}`, ...exceptions, ...(layer.bias ? [] : ["no bias"])].join(", "),
      };
    }
    case "batchNorm":
      return { title: "batch norm", settings: "" };
    case "maxPool":
      return { title: "max pool 2×2", settings: "2×2" };
    case "globalAveragePool":
      return { title: "global average pool", settings: "" };
    case "dropout":
      return { title: `dropout ${layer.rate}`, settings: `rate ${layer.rate}` };
    case "dense":
      return { title: `dense ${layer.units}`, settings: `${layer.units} units` };
    case "residual":
      return layer.shortcut.length > 0
        ? { title: "residual sum, projected", settings: "sum with the projected input" }
        : { title: "residual sum", settings: "sum with the input" };
    case "relu":
    case "flatten":
      return { title: layer.type, settings: "" };
  }
}
