import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { UserError } from "../util/errors.js";
import { mostFilters } from "./layers/conv.js";
import { expandLayers, type Layer, type LayerSpec } from "./layers.js";
import { classes } from "./logits.js";
import type { Model } from "./model.js";
import { inferShapes } from "./nodes.js";
import { parameterTable } from "./parameters.js";
import type { PresetSpec } from "./preset-schema.js";
import { formatShape } from "./shape.js";

/** config/presets of this package, seen from dist/model or src/model alike. */
const folder = new URL("../../config/presets/", import.meta.url);
const require = createRequire(import.meta.url);
const loaded = new Map<string, PresetSpec>();

/** Names of the files in config/presets: a new file is a new preset. */
export const presetNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.slice(0, -".json".length))
  .sort();

interface ModelOptions {
  /**
   * Filters of each convolution in order, 1–512. In `residual` the first convolution counts, then each block as one: all
   * convolutions of a block have its width.
   */
  kernels?: readonly number[];
  /** Rate in [0, 1) of every dropout layer; where the preset has none, one is put before the last dense layer. 0 removes them. */
  dropout?: number;
}

/**
 * @param preset one of presetNames
 * @throws UserError (exit code 2) for an unknown preset or an impossible setting, saying what is allowed
 */
export function buildModel(preset: string, options: ModelOptions = {}): Model {
  let layers: readonly LayerSpec[] = presetSpec(preset).layers;
  if (options.kernels) layers = withKernels(preset, layers, options.kernels);
  if (options.dropout !== undefined) layers = withDropout(layers, options.dropout);
  return modelFromLayers(preset, expandLayers(layers));
}

/** Builds a model from any list of layers over a 1×28×28 image. @throws UserError where shapes or names do not fit */
export function modelFromLayers(name: string, layers: readonly Layer[]): Model {
  const nodes = inferShapes(layers);
  const output = nodes.at(-1)?.output ?? [0, 0, 0];
  if (formatShape(output) !== String(classes))
    throw new UserError(`Model ${name} must end in ${classes} logits, got ${formatShape(output)}.`, 2);
  const parameters = parameterTable(nodes);
  const parameterCount = parameters.reduce((sum, p) => sum + (p.trainable ? p.size : 0), 0);
  return { preset: name, layers, nodes, parameters, parameterCount };
}

/** @returns one line about the preset, for lists and forms @throws UserError for an unknown preset */
export function presetDescription(preset: string): string {
  return presetSpec(preset).description;
}

/** @returns the preset's own widths, in the form of the setting `kernels` @throws UserError for an unknown preset */
export function presetKernels(preset: string): number[] {
  return presetSpec(preset)
    .layers.filter(hasFilters)
    .map((layer) => layer.filters);
}

/** @returns the options of `train` that the preset file gives, unchecked @throws UserError for an unknown preset */
export function presetTraining(preset: string): Readonly<Record<string, unknown>> {
  return presetSpec(preset).training ?? {};
}

function presetSpec(preset: string): PresetSpec {
  let spec = loaded.get(preset);
  if (!spec) {
    if (!presetNames.includes(preset)) throw new UserError(`Unknown model "${preset}"; choose one of ${presetNames.join(", ")}.`, 2);
    const file = new URL(`${preset}.json`, folder);
    // Loaded here and not on import: the schema needs zod, which takes 30 ms to load.
    const { parsePreset } = require("./preset-schema.js") as typeof import("./preset-schema.js");
    spec = parsePreset(JSON.parse(readFileSync(file, "utf8")), `config/presets/${preset}.json`);
    loaded.set(preset, spec);
  }
  return spec;
}

function hasFilters(layer: LayerSpec): layer is LayerSpec & { filters: number } {
  return "filters" in layer;
}

function withKernels(preset: string, layers: readonly LayerSpec[], kernels: readonly number[]): LayerSpec[] {
  const own = presetKernels(preset);
  const valid = kernels.every((width) => Number.isInteger(width) && width >= 1 && width <= mostFilters);
  if (kernels.length !== own.length || !valid) {
    const wanted = `${own.length} whole numbers from 1 to ${mostFilters}, such as ${own.join("-")}`;
    throw new UserError(`kernels of ${preset} must be ${wanted}; got ${kernels.join("-") || "none"}.`, 2);
  }
  let next = 0;
  return layers.map((layer) => (hasFilters(layer) ? { ...layer, filters: kernels[next++] } : layer));
}

function withDropout(layers: readonly LayerSpec[], rate: number): LayerSpec[] {
  if (!(rate >= 0 && rate < 1)) throw new UserError(`dropout must be a rate from 0 up to but not including 1, got ${rate}.`, 2);
  if (rate === 0) return layers.filter((layer) => layer.type !== "dropout");
  if (layers.some((layer) => layer.type === "dropout")) {
    return layers.map((layer) => (layer.type === "dropout" ? { type: "dropout", rate } : layer));
  }
  const last = layers.findLastIndex((layer) => layer.type === "dense");
  return [...layers.slice(0, last), { type: "dropout", rate }, ...layers.slice(last)];
}
