import type { Model } from "../../model/model.js";
import { type OptimizerSettings, slotNames } from "../../model/optimizers.js";
import type { Parameter } from "../../model/parameters.js";
import type { State, Tensor } from "../contract/state.js";
import { type Features, quadsOf } from "./features.js";

/** Parameters that share one gradient: a layer's weights with its bias, or one vector of a batch norm. */
export interface ParameterGroup {
  /** In the arena, in floats. */
  first: number;
  count: number;
}

/** [rows of kernel positions × memory channels (+ 4 for the bias), memory outputs]; see native/cuda/convolution.cuh. */
export interface Matrix extends ParameterGroup {
  rows: number;
  columns: number;
  bias: boolean;
}

interface ArenaParameter {
  parameter: Parameter;
  group: ParameterGroup;
  /** The parameter's own part of the group. */
  from: number;
  end: number;
  /** Index in the arena of each element in PyTorch's order. */
  indices: Uint32Array;
}

/**
 * Where every parameter lies in the arena, given out in the order in which layers ask. The optimizer's slots lie in arenas of their own,
 * at the same indices. Values that only fill up quads stay zero.
 */
export class ParameterStore {
  readonly slotNames: readonly string[];
  private readonly placed = new Map<string, ArenaParameter>();
  private readonly matrices = new Map<string, Matrix>();
  private end = 0;

  constructor(
    private readonly model: Model,
    optimizer: OptimizerSettings,
  ) {
    this.slotNames = slotNames(optimizer);
  }

  /** Floats of the arena. */
  get size(): number {
    return this.end;
  }

  /**
   * @param layer its name; its parameters are `LAYER.weight` [O, C, K, K] or [O, I] and, if there is one, `LAYER.bias`
   * @param positions how many kernel positions lie behind each other in memory
   * @param inputAt where input channel c (or, where positions is 1, weight element c of an output) lies among `inputMemory`
   */
  matrix(layer: string, positions: number, inputMemory: number, inputAt: (c: number) => number): Matrix {
    const known = this.matrices.get(layer);
    if (known) return known;
    const weight = this.parameter(`${layer}.weight`);
    const bias = this.model.parameters.find(({ name }) => name === `${layer}.bias`);
    const outputs = weight.shape[0];
    const columns = 4 * quadsOf(outputs);
    const rows = positions * inputMemory;
    const matrix: Matrix = { ...this.take((rows + (bias ? 4 : 0)) * columns), rows, columns, bias: bias !== undefined };
    const each = weight.size / outputs;
    this.place(weight, matrix, [0, rows * columns], (i) => {
      const [output, rest] = [Math.floor(i / each), i % each];
      return ((rest % positions) * inputMemory + inputAt(Math.floor(rest / positions))) * columns + output;
    });
    if (bias) this.place(bias, matrix, [rows * columns, matrix.count], (i) => rows * columns + i);
    this.matrices.set(layer, matrix);
    return matrix;
  }

  /** One number a channel of the features. */
  vector(name: string, { memory, order }: Features): ParameterGroup {
    const known = this.placed.get(name);
    if (known) return known.group;
    const group = this.take(memory);
    this.place(this.parameter(name), group, [0, memory], (i) => order?.[i] ?? i);
    return group;
  }

  /** @returns which floats of the group belong to which trainable parameter */
  pieces(group: ParameterGroup): { name: string; from: number; end: number }[] {
    return [...this.placed.values()]
      .filter((placed) => placed.group === group && placed.parameter.trainable)
      .map(({ parameter, from, end }) => ({ name: parameter.name, from, end }));
  }

  /** Bytes of the tables of indices. */
  bytes(): number {
    return [...this.placed.values()].reduce((sum, { indices }) => sum + indices.byteLength, 0);
  }

  /** @param arena parameters @param slots one arena for each of slotNames */
  read(step: number, arena: Float32Array, slots: readonly Float32Array[]): State {
    const tensors = new Map<string, Tensor>();
    const add = (key: string, { shape }: Parameter, indices: Uint32Array, from: Float32Array) =>
      tensors.set(key, { shape, data: Float32Array.from(indices, (index) => from[index]) });
    for (const parameter of this.model.parameters) add(parameter.name, parameter, this.indicesOf(parameter), arena);
    for (const [i, slot] of this.slotNames.entries()) {
      for (const parameter of this.model.parameters) {
        if (parameter.trainable) add(`${slot}/${parameter.name}`, parameter, this.indicesOf(parameter), slots[i]);
      }
    }
    return { step, tensors };
  }

  /** @param state of the store's model and optimizer @returns the arenas that hold it */
  write({ tensors }: State): { arena: Float32Array; slots: Float32Array[] } {
    const arena = new Float32Array(this.size);
    const slots = this.slotNames.map(() => new Float32Array(this.size));
    for (const parameter of this.model.parameters) {
      const { name } = parameter;
      const indices = this.indicesOf(parameter);
      const put = (key: string, into: Float32Array) => {
        const data = tensors.get(key)?.data;
        if (data) for (let i = 0; i < indices.length; i++) into[indices[i]] = data[i];
      };
      put(name, arena);
      if (parameter.trainable) for (const [i, slot] of this.slotNames.entries()) put(`${slot}/${name}`, slots[i]);
    }
    return { arena, slots };
  }

  private indicesOf({ name }: Parameter): Uint32Array {
    return this.placed.get(name)!.indices;
  }

  private parameter(name: string): Parameter {
    const found = this.model.parameters.find((p) => p.name === name);
    if (!found) throw new Error(`The model's table has no ${name}.`);
    return found;
  }

  /** @param at where element i of the parameter lies in the group */
  private place(parameter: Parameter, group: ParameterGroup, [from, end]: [number, number], at: (i: number) => number): void {
    const indices = Uint32Array.from({ length: parameter.size }, (_, i) => group.first + at(i));
    this.placed.set(parameter.name, { parameter, group, from, end, indices });
  }

  private take(count: number): ParameterGroup {
    const first = this.end;
    this.end += count;
    return { first, count };
  }
}
