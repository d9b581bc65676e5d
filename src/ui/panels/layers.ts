import { finite } from "../../run/state/numbers.js";
import type { ModelState } from "../../run/state/state.js";
import { plainText } from "../../util/plain-text.js";
import { formatCount, formatEpoch } from "../format.js";
import type { TableData } from "./table.js";

interface LayersData {
  model: string;
  caption: string;
  table: TableData;
  filters?: FilterImages;
  empty?: string;
}

interface FilterImages {
  size: number;
  /** [count] of [size × size] in −1…1, scaled by the largest absolute weight of all. */
  images: Float32Array[];
  /** That largest absolute weight. */
  scale: number;
}

/** The selected model's layers with shapes, parameters and norms, and its first-layer filters. */
export function layersPanel(model: ModelState | undefined): LayersData {
  const event = model?.layers;
  const table: TableData = {
    columns: [
      { heading: "layer", align: "left", priority: 100 },
      { heading: "type", align: "left", priority: 90 },
      { heading: "output", align: "right", priority: 85 },
      { heading: "params", align: "right", priority: 80 },
      { heading: "weights", align: "right", priority: 70 },
      { heading: "gradient", align: "right", priority: 60 },
    ],
    rows: [],
  };
  if (model === undefined || event === undefined)
    return { model: model?.name ?? "", caption: "", table, empty: "waiting for the model's layers …" };
  table.rows = event.layers.map((layer) => [
    plainText(layer.name),
    plainText(layer.description),
    shapeText(layer.output),
    layer.parameters > 0 ? formatCount(layer.parameters) : "",
    norm(layer.weightNorm),
    norm(layer.gradientNorm),
  ]);
  const total = event.layers.reduce((sum, layer) => sum + layer.parameters, 0);
  return {
    model: model.name,
    caption: `${formatCount(total)} parameters, epoch ${formatEpoch(event.epoch)}`,
    table,
    filters: event.filters === undefined ? undefined : filterImages(event.filters),
  };
}

function filterImages(filters: { count: number; size: number; values: number[] }): FilterImages {
  const area = filters.size * filters.size;
  const scale = Math.max(1e-12, ...filters.values.map((value) => Math.abs(finite(value) ?? 0)));
  const images = Array.from({ length: filters.count }, (_, index) => {
    return Float32Array.from({ length: area }, (_, at) => (finite(filters.values[index * area + at]) ?? 0) / scale);
  });
  return { size: filters.size, images, scale };
}

/** [16, 28, 28] → "16×28×28", [128, 1, 1] → "128" */
function shapeText(shape: readonly number[]): string {
  const [channels, height, width] = shape;
  return height === 1 && width === 1 ? String(channels) : shape.join("×");
}

function norm(value: number | undefined): string {
  return finite(value) === undefined ? "" : value! >= 100 ? value!.toFixed(1) : value!.toPrecision(3);
}
