import { UserError } from "../util/errors.js";
import type { Layer, Node, Shape } from "./model.js";

/** One grey image. */
export const inputShape: Shape = [1, 28, 28];

/** @returns "16×28×28", or "128" for a flat activation */
export function formatShape([channels, height, width]: Shape): string {
  return height === 1 && width === 1 ? String(channels) : `${channels}×${height}×${width}`;
}

/** @returns values in one activation */
export function shapeSize([channels, height, width]: Shape): number {
  return channels * height * width;
}

/**
 * Infers every layer's shapes and numbers the layers in execution order.
 * @throws UserError naming the layer that cannot take its input and what it would need
 */
export function inferShapes(layers: readonly Layer[], input: Shape = inputShape): Node[] {
  const counter = { id: 0, dropouts: 0 };
  return chain(layers, input, 0, counter);
}

interface Counter {
  id: number;
  dropouts: number;
}

function chain(layers: readonly Layer[], input: Shape, depth: number, counter: Counter): Node[] {
  const nodes: Node[] = [];
  let shape = input;
  for (const layer of layers) {
    const node = place(layer, shape, depth, counter);
    nodes.push(node);
    shape = node.output;
  }
  return nodes;
}

function place(layer: Layer, input: Shape, depth: number, counter: Counter): Node {
  if (layer.type === "residual") {
    const body = chain(layer.body, input, depth + 1, counter);
    const shortcut = chain(layer.shortcut, input, depth + 1, counter);
    const output = body.at(-1)?.output ?? input;
    const beside = shortcut.at(-1)?.output ?? input;
    if (formatShape(output) !== formatShape(beside)) {
      throw impossible(layer, `body and shortcut of one shape, got ${formatShape(output)} and ${formatShape(beside)}`);
    }
    return { id: counter.id++, layer, input, output, depth, body, shortcut };
  }
  const node: Node = { id: counter.id++, layer, input, output: outputShape(layer, input), depth };
  if (layer.type === "dropout") node.dropoutIndex = counter.dropouts++;
  return node;
}

/** @returns the shape behind one layer other than residual; floor division as in PyTorch */
function outputShape(layer: Exclude<Layer, { type: "residual" }>, input: Shape): Shape {
  const [channels, height, width] = input;
  switch (layer.type) {
    case "conv": {
      positive(layer, "filters", layer.filters);
      const padding = convPadding(layer);
      const least = layer.kernelSize - 2 * padding;
      if (height < least || width < least) throw impossible(layer, `an image of at least ${least}×${least}, got ${formatShape(input)}`);
      const along = (n: number) => Math.floor((n + 2 * padding - layer.kernelSize) / layer.stride) + 1;
      return [layer.filters, along(height), along(width)];
    }
    case "maxPool":
      if (height < 2 || width < 2) throw impossible(layer, `an image of at least 2×2, got ${formatShape(input)}`);
      return [channels, height >> 1, width >> 1];
    case "globalAveragePool":
      return [channels, 1, 1];
    case "flatten":
      return [shapeSize(input), 1, 1];
    case "dense":
      positive(layer, "units", layer.units);
      if (height !== 1 || width !== 1) {
        throw impossible(layer, `a flat input, got ${formatShape(input)}: put flatten or globalAveragePool before it`);
      }
      return [layer.units, 1, 1];
    case "dropout":
      if (!(layer.rate >= 0 && layer.rate < 1)) throw impossible(layer, `a rate in [0, 1), got ${layer.rate}`);
      return input;
    case "batchNorm":
    case "relu":
      return input;
  }
}

/** Pixels of zeros on every side. 'same' keeps the size at stride 1: one for 3×3, none for 1×1; PyTorch's padding=1 at stride 2. */
export function convPadding(layer: { kernelSize: 1 | 3; padding: "same" | "valid" }): 0 | 1 {
  return layer.padding === "same" && layer.kernelSize === 3 ? 1 : 0;
}

function positive(layer: Layer, what: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw impossible(layer, `a whole number of ${what} of at least 1, got ${value}`);
}

function impossible(layer: Layer, need: string): UserError {
  return new UserError(`Layer ${"name" in layer ? layer.name : layer.type} needs ${need}.`, 2);
}
