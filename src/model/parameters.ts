import { UserError } from "../util/errors.js";
import type { Initial } from "./layers/kind.js";
import { kindOf } from "./layers.js";
import { executionOrder, type Node } from "./nodes.js";

export interface Parameter {
  /** "conv1.weight", "bn1.running_mean" */
  name: string;
  /** PyTorch's. */
  shape: readonly number[];
  size: number;
  /** Batch-norm statistics are saved but not trained. */
  trainable: boolean;
  /** Offset in floats in a flat vector of all parameters in table order. */
  offset: number;
  initial: Initial;
}

/**
 * The table of all parameters in order of appearance (a residual's body before its shortcut), with PyTorch's names and shapes.
 * @throws UserError where two layers have the same name
 */
export function parameterTable(nodes: readonly Node[]): Parameter[] {
  const table: Parameter[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (const { layer, input } of executionOrder(nodes)) {
    if (!("name" in layer)) continue;
    for (const { part, ...parameter } of kindOf(layer).parameters?.(layer, input) ?? []) {
      const name = `${layer.name}.${part}`;
      if (names.has(name)) throw new UserError(`Two layers have the parameter ${name}; give every layer a name of its own.`, 2);
      names.add(name);
      const size = parameter.shape.reduce((product, n) => product * n, 1);
      table.push({ name, size, offset, ...parameter });
      offset += size;
    }
  }
  return table;
}

/** "layer1.conv1.weight" → "layer1.conv1" */
export function layerOf(parameter: string): string {
  return parameter.slice(0, parameter.lastIndexOf("."));
}
