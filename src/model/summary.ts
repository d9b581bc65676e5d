import { describeLayer } from "./describe.js";
import type { Layer, Model, Node, Parameter, Shape } from "./model.js";
import { flattenNodes } from "./parameters.js";
import { inputShape, shapeSize } from "./shapes.js";

export interface SummaryRow {
  /** Its PyTorch name where it has parameters, else its type. */
  name: string;
  type: Layer["type"];
  /** Its settings, for people: "16 filters 3×3, stride 2". */
  settings: string;
  output: Shape;
  /** Trainable ones. */
  parameters: number;
  /** Batch-norm statistics. */
  nonTrainable: number;
  /** Floating-point operations of one image's forward pass. */
  flops: number;
  /** 0, or 1 within a residual block. */
  depth: number;
}

export interface Summary {
  model: string;
  input: Shape;
  layers: SummaryRow[];
  /** Trainable ones, as everywhere in this program. */
  parameters: number;
  nonTrainable: number;
  /** float32, statistics included */
  parameterBytes: number;
  /** float32, every layer's output for one image */
  activationBytes: number;
  flops: number;
}

/**
 * What a model consists of and costs. FLOPs are multiply–adds × 2 of convolutions and dense layers, as such figures are usually given;
 * bias, batch norm, relu, pooling and sums are within a few per cent.
 */
export function summarize(model: Model): Summary {
  const layers = flattenNodes(model.nodes).map((node) => summarizeNode(model, node));
  const total = (key: "parameters" | "nonTrainable" | "flops") => layers.reduce((sum, row) => sum + row[key], 0);
  const [parameters, nonTrainable, flops] = [total("parameters"), total("nonTrainable"), total("flops")];
  return {
    model: model.preset,
    input: inputShape,
    layers,
    parameters,
    nonTrainable,
    parameterBytes: 4 * (parameters + nonTrainable),
    activationBytes: 4 * flattenNodes(model.nodes).reduce((sum, { output }) => sum + shapeSize(output), 0),
    flops,
  };
}

function summarizeNode(model: Model, node: Node): SummaryRow {
  const { layer, output, depth } = node;
  const name = "name" in layer ? layer.name : layer.type;
  // A residual's own name is the prefix of its layers' parameters, which are theirs.
  const own = layer.type === "residual" ? [] : model.parameters.filter((parameter) => parameter.name.replace(/\.[^.]+$/, "") === name);
  const size = (parameters: readonly Parameter[]) => parameters.reduce((sum, parameter) => sum + parameter.size, 0);
  return {
    name,
    type: layer.type,
    settings: describeLayer(layer).settings,
    output,
    parameters: size(own.filter((parameter) => parameter.trainable)),
    nonTrainable: size(own.filter((parameter) => !parameter.trainable)),
    flops: forwardFlops(node),
    depth,
  };
}

/** @returns multiply–adds × 2 of one image's forward pass */
function forwardFlops({ layer, input, output }: Node): number {
  if (layer.type === "conv") return 2 * shapeSize(output) * input[0] * layer.kernelSize ** 2;
  return layer.type === "dense" ? 2 * layer.units * input[0] : 0;
}
