import type * as zod from "#zod";
import { type BatchNormLayer, batchNorm } from "./layers/batch-norm.js";
import { type ConvLayer, conv } from "./layers/conv.js";
import { type DenseLayer, dense } from "./layers/dense.js";
import { type DropoutLayer, dropout, type ReluLayer, relu } from "./layers/elementwise.js";
import { type FlattenLayer, flatten } from "./layers/flatten.js";
import type { LayerKind } from "./layers/kind.js";
import { type PoolLayer, pools } from "./layers/pool.js";
import { type ResidualLayer, residual } from "./layers/residual.js";

/** Every kind of layer, by its type. */
export const layerKinds = { conv, batchNorm, relu, ...pools, flatten, dropout, dense, residual };

/** A layer as data, with PyTorch's names. */
export type Layer = ConvLayer | BatchNormLayer | ReluLayer | PoolLayer | FlattenLayer | DropoutLayer | DenseLayer | Residual;

/** An interface, because a type alias may not refer to itself here. */
interface Residual extends ResidualLayer<Layer> {}

/** A layer as a preset file writes it: without a name, which follows from the order (expandLayers). */
export type LayerSpec = {
  [T in keyof typeof layerKinds]: zod.infer<ReturnType<(typeof layerKinds)[T]["schema"]>>;
}[keyof typeof layerKinds];

/** @returns the description of a layer's or spec's kind */
export function kindOf({ type }: { type: Layer["type"] }): LayerKind<Layer, LayerSpec> {
  return layerKinds[type] as LayerKind<never, never, Layer> as LayerKind<Layer, LayerSpec>;
}

/**
 * Turns the layers of a preset file into named layers. Names are PyTorch's habit, counted in order of appearance: conv1, bn1, conv2, …,
 * fc1, fc2; a residual block is layer1 with conv1, bn1, conv2, bn2 and, where its shape changes, shortcut.0 (1×1 convolution) and shortcut.1
 * (batch norm).
 * @param inputChannels channels of the image: decide whether the first block needs a projection
 */
export function expandLayers(specs: readonly LayerSpec[], inputChannels = 1): Layer[] {
  const counts = new Map<string, number>();
  const nameOf = (prefix: string) => {
    const count = (counts.get(prefix) ?? 0) + 1;
    counts.set(prefix, count);
    return prefix + count;
  };
  let channels = inputChannels;
  return specs.flatMap((spec) => {
    const layers = kindOf(spec).expand(spec, nameOf, channels);
    if ("filters" in spec) channels = spec.filters;
    if ("units" in spec) channels = spec.units;
    return layers;
  });
}
