import type { State } from "../engine/engine.js";
import { describeLayer } from "../model/describe.js";
import type { Model, Node } from "../model/model.js";
import { flattenNodes } from "../model/parameters.js";
import type { LayerStatistics, LayersEvent } from "../run/events.js";

/**
 * The statistics of a model's layers, for people.
 * @param gradientNorms of each parameter in the last step, where there was one and the engine tells
 */
export function layerStatistics(
  model: Model,
  state: State,
  gradientNorms?: ReadonlyMap<string, number>,
): Pick<LayersEvent, "layers" | "filters"> {
  const layers = flattenNodes(model.nodes).map((node) => statisticsOf(model, node, state, gradientNorms));
  return { layers, filters: firstFilters(model, state) };
}

function statisticsOf(model: Model, { layer, output }: Node, state: State, gradientNorms?: ReadonlyMap<string, number>): LayerStatistics {
  const own = "name" in layer ? model.parameters.filter(({ name, trainable }) => trainable && ownerOf(name) === layer.name) : [];
  const statistics: LayerStatistics = {
    name: "name" in layer ? layer.name : layer.type,
    description: describeLayer(layer).title,
    output: [...output],
    parameters: own.reduce((sum, { size }) => sum + size, 0),
  };
  if (own.length === 0) return statistics;
  statistics.weightNorm = Math.sqrt(own.reduce((sum, { name }) => sum + squaredNorm(state.tensors.get(name)!.data), 0));
  if (gradientNorms) statistics.gradientNorm = Math.hypot(...own.map(({ name }) => gradientNorms.get(name) ?? 0));
  return statistics;
}

function firstFilters(model: Model, state: State): LayersEvent["filters"] {
  const first = flattenNodes(model.nodes).find(({ layer }) => layer.type === "conv");
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
