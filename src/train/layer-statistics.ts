import type { State } from "../engine/engine.js";
import type { Layer, Model, Node } from "../model/model.js";
import type { LayerStatistics, LayersEvent } from "../run/events.js";

/**
 * Shapes, norms and the first filters of a model's layers, for people.
 * @param gradientNorms of each parameter in the last step, where there was one and the engine tells
 */
export function layerStatistics(
  model: Model,
  state: State,
  gradientNorms?: ReadonlyMap<string, number>,
): Pick<LayersEvent, "layers" | "filters"> {
  const layers = inExecutionOrder(model.nodes).map((node) => statisticsOf(model, node, state, gradientNorms));
  return { layers, filters: firstFilters(model, state) };
}

function statisticsOf(model: Model, { layer, output }: Node, state: State, gradientNorms?: ReadonlyMap<string, number>): LayerStatistics {
  const own = "name" in layer ? model.parameters.filter(({ name, trainable }) => trainable && ownerOf(name) === layer.name) : [];
  const statistics: LayerStatistics = {
    name: "name" in layer ? layer.name : layer.type,
    description: describeLayer(layer),
    output: [...output],
    parameters: own.reduce((sum, { size }) => sum + size, 0),
  };
  if (own.length === 0) return statistics;
  statistics.weightNorm = Math.sqrt(own.reduce((sum, { name }) => sum + squaredNorm(state.tensors.get(name)!.data), 0));
  if (gradientNorms) statistics.gradientNorm = Math.hypot(...own.map(({ name }) => gradientNorms.get(name) ?? 0));
  return statistics;
}

/** @returns what a layer does, for people: "conv 3×3, 16" */
export function describeLayer(layer: Layer): string {
  switch (layer.type) {
    case "conv": {
      const size = `${layer.kernelSize}×${layer.kernelSize}`;
      return `conv ${size}, ${layer.filters}${layer.stride > 1 ? `, stride ${layer.stride}` : ""}${layer.padding === "valid" ? ", valid" : ""}`;
    }
    case "batchNorm":
      return "batch norm";
    case "maxPool":
      return "max pool 2×2";
    case "globalAveragePool":
      return "global average pool";
    case "dropout":
      return `dropout ${layer.rate}`;
    case "dense":
      return `dense ${layer.units}`;
    case "residual":
      return layer.shortcut.length > 0 ? "residual sum, projected" : "residual sum";
    case "relu":
    case "flatten":
      return layer.type;
  }
}

/** Body before shortcut before the residual itself, as the nodes' ids count. */
function inExecutionOrder(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [...inExecutionOrder(node.body ?? []), ...inExecutionOrder(node.shortcut ?? []), node]);
}

function firstFilters(model: Model, state: State): LayersEvent["filters"] {
  const first = inExecutionOrder(model.nodes).find(({ layer }) => layer.type === "conv");
  if (first?.layer.type !== "conv") return undefined;
  const { shape, data } = state.tensors.get(`${first.layer.name}.weight`)!;
  const [count, channels, size] = shape;
  const area = size * size;
  const values = Array.from({ length: count * area }, (_, i) => data[Math.floor(i / area) * channels * area + (i % area)]);
  return { count, size, values };
}

/** "layer1.conv1.weight" → "layer1.conv1" */
function ownerOf(parameter: string): string {
  return parameter.slice(0, parameter.lastIndexOf("."));
}

function squaredNorm(data: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i] * data[i];
  return sum;
}
