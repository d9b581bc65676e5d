import { kindOf, type Layer } from "./layers.js";
import { inputShape, type Shape } from "./shape.js";

/** A layer in its place in a model. */
export interface Node {
  /** Counts in execution order. */
  id: number;
  layer: Layer;
  input: Shape;
  output: Shape;
  /** Residual only. */
  body?: Node[];
  shortcut?: Node[];
  /** Dropout only: its ordinal in the model, the `lane` of its random stream. */
  dropoutIndex?: number;
}

/**
 * Infers every layer's shapes and numbers the layers in execution order.
 * @throws UserError naming the layer that cannot take its input and what it would need
 */
export function inferShapes(layers: readonly Layer[], input: Shape = inputShape): Node[] {
  return chain(layers, input, { id: 0, dropouts: 0 });
}

/** All nodes in execution order: a residual comes behind its body and its shortcut, so ids count up. */
export function executionOrder(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [...executionOrder(node.body ?? []), ...executionOrder(node.shortcut ?? []), node]);
}

interface Counter {
  id: number;
  dropouts: number;
}

function chain(layers: readonly Layer[], input: Shape, counter: Counter): Node[] {
  const nodes: Node[] = [];
  for (const layer of layers) nodes.push(nodeOf(layer, nodes.at(-1)?.output ?? input, counter));
  return nodes;
}

function nodeOf(layer: Layer, input: Shape, counter: Counter): Node {
  const inner =
    layer.type === "residual" ? { body: chain(layer.body, input, counter), shortcut: chain(layer.shortcut, input, counter) } : {};
  const ends = Object.values(inner).map((nodes) => nodes.at(-1)?.output ?? input);
  const node: Node = { id: counter.id++, layer, input, output: kindOf(layer).outputShape(layer, input, ends), ...inner };
  if (layer.type === "dropout") node.dropoutIndex = counter.dropouts++;
  return node;
}
