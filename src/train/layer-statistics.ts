import type { State } from "../engine/contract/state.js";
import { kindOf } from "../model/layers.js";
import type { Model } from "../model/model.js";
import { executionOrder, type Node } from "../model/nodes.js";
import { layerOf } from "../model/parameters.js";
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
  const layers = executionOrder(model.nodes).map((node) => statisticsOf(model, node, state, gradientNorms));
  return { layers, filters: firstFilters(model, state) };
}

function statisticsOf(model: Model, { layer, output }: Node, state: State, gradientNorms?: ReadonlyMap<string, number>): LayerStatistics {
  const own = "name" in layer ? model.parameters.filter(({ name, trainable }) => trainable && layerOf(name) === layer.name) : [];
  const statistics: LayerStatistics = {
    name: "name" in layer ? layer.name : layer.type,
    description: kindOf(layer).description(layer),
    output: [...output],
    parameters: own.reduce((sum, { size }) => sum + size, 0),
  };
  if (own.length === 0) return statistics;
  statistics.weightNorm = Math.sqrt(own.reduce((sum, { name }) => sum + squaredNorm(state.tensors.get(name)!.data), 0));
  if (gradientNorms) statistics.gradientNorm = Math.hypot(...own.map(({ name }) => gradientNorms.get(name) ?? 0));
  return statistics;
}

function firstFilters(model: Model, state: State): LayersEvent["filters"] {
  const first = executionOrder(model.nodes).find(({ layer }) => layer.type === "conv");
  if (first?.layer.type !== "conv") return undefined;
  const { shape, data } = state.tensors.get(`${first.layer.name}.weight`)!;
  const [count, channels, size] = shape;
  const area = size * size;
  const values = Array.from({ length: count * area }, (_, i) => data[Math.floor(i / area) * channels * area + (i % area)]);
  return { count, size, values };
}

function squaredNorm(data: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i] * data[i];
  return sum;
}
