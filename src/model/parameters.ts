import { UserError } from "../util/errors.js";
import type { Node, Parameter } from "./model.js";

/**
 * The table of all parameters in order of appearance (a residual's body before its shortcut), with PyTorch's names and shapes.
 * @throws UserError where two layers have the same name
 */
export function parameterTable(nodes: readonly Node[]): Parameter[] {
  const table: Parameter[] = [];
  const names = new Set<string>();
  let offset = 0;
  const add = (name: string, shape: readonly number[], trainable: boolean, initial: Parameter["initial"]) => {
    if (names.has(name)) throw new UserError(`Two layers have the parameter ${name}; give every layer a name of its own.`, 2);
    names.add(name);
    const size = shape.reduce((product, n) => product * n, 1);
    table.push({ name, shape, size, trainable, offset, initial });
    offset += size;
  };
  for (const { layer, input } of flattenNodes(nodes)) {
    if (layer.type === "conv") {
      const fanIn = input[0] * layer.kernelSize ** 2;
      add(`${layer.name}.weight`, [layer.filters, input[0], layer.kernelSize, layer.kernelSize], true, uniform(fanIn));
      if (layer.bias) add(`${layer.name}.bias`, [layer.filters], true, uniform(fanIn));
    } else if (layer.type === "dense") {
      add(`${layer.name}.weight`, [layer.units, input[0]], true, uniform(input[0]));
      add(`${layer.name}.bias`, [layer.units], true, uniform(input[0]));
    } else if (layer.type === "batchNorm") {
      add(`${layer.name}.weight`, [input[0]], true, { value: 1 });
      add(`${layer.name}.bias`, [input[0]], true, { value: 0 });
      add(`${layer.name}.running_mean`, [input[0]], false, { value: 0 });
      add(`${layer.name}.running_var`, [input[0]], false, { value: 1 });
    }
  }
  return table;
}

/** @returns all nodes in execution order: a residual comes behind its body and its shortcut, so ids count up */
export function flattenNodes(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [...flattenNodes(node.body ?? []), ...flattenNodes(node.shortcut ?? []), node]);
}

/**
 * PyTorch's default of Conv2d and Linear, weights and biases alike: kaiming_uniform with a = √5, whose bound
 * √3 · √(2 / (1 + a²)) / √fanIn is 1 / √fanIn (torch/nn/modules/conv.py, reset_parameters).
 */
function uniform(fanIn: number): { bound: number } {
  return { bound: 1 / Math.sqrt(fanIn) };
}
