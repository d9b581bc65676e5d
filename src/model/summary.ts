import { kindOf, type Layer } from "./layers.js";
import type { Model } from "./model.js";
import { executionOrder, type Node } from "./nodes.js";
import { layerOf, type Parameter } from "./parameters.js";
import { inputShape, type Shape, shapeSize } from "./shape.js";

export interface SummaryRow {
  /** Its PyTorch name where it has parameters, else its type. */
  name: string;
  type: Layer["type"];
  /** Its settings, for people: "16 filters 3×3, stride 2". */
  settings: string;
  output: Shape;
  /** Trainable parameters. */
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
  /** Trainable parameters, as everywhere in this program. */
  parameters: number;
  nonTrainable: number;
  /** float32, statistics included */
  parameterBytes: number;
  /** float32, every layer's output for one image */
  activationBytes: number;
  flops: number;
}

/**
 * A model's layers and their cost. FLOPs are multiply–adds × 2 of convolutions and dense layers, as is usual; bias, batch norm, relu, pooling
 * and sums would add a few per cent.
 */
export function summarize(model: Model): Summary {
  const layers = summarizeNodes(model, model.nodes, 0);
  const total = (key: "parameters" | "nonTrainable" | "flops") => layers.reduce((sum, row) => sum + row[key], 0);
  const [parameters, nonTrainable, flops] = [total("parameters"), total("nonTrainable"), total("flops")];
  return {
    model: model.preset,
    input: inputShape,
    layers,
    parameters,
    nonTrainable,
    parameterBytes: 4 * (parameters + nonTrainable),
    activationBytes: 4 * executionOrder(model.nodes).reduce((sum, { output }) => sum + shapeSize(output), 0),
    flops,
  };
}

function summarizeNodes(model: Model, nodes: readonly Node[], depth: number): SummaryRow[] {
  return nodes.flatMap((node) => [
    ...summarizeNodes(model, node.body ?? [], depth + 1),
    ...summarizeNodes(model, node.shortcut ?? [], depth + 1),
    summarizeNode(model, node, depth),
  ]);
}

function summarizeNode(model: Model, node: Node, depth: number): SummaryRow {
  const { layer, input, output } = node;
  const kind = kindOf(layer);
  const name = "name" in layer ? layer.name : layer.type;
  // A residual's name is only a prefix of its inner layers' names: it has no parameters of its own.
  const own = layer.type === "residual" ? [] : model.parameters.filter((parameter) => layerOf(parameter.name) === name);
  const size = (parameters: readonly Parameter[]) => parameters.reduce((sum, parameter) => sum + parameter.size, 0);
  return {
    name,
    type: layer.type,
    settings: kind.settings?.(layer) ?? "",
    output,
    parameters: size(own.filter((parameter) => parameter.trainable)),
    nonTrainable: size(own.filter((parameter) => !parameter.trainable)),
    flops: 2 * (kind.multiplyAdds?.(layer, input, output) ?? 0),
    depth,
  };
}
