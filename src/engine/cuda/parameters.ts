import type { Model } from "../../model/model.js";
import { type OptimizerSettings, slotNames } from "../../model/optimizers.js";
import type { Parameter } from "../../model/parameters.js";
import type { State, Tensor } from "../contract/state.js";
import { quadsOf, type Value } from "./values.js";

/** Parameters that one gradient belongs to: a layer's weights with its bias, or one vector of a batch norm. */
export interface Block {
  /** In the arena, in floats. */
  first: number;
  count: number;
}

/** [rows of kernel positions × memory channels (+ 4 for the bias), memory outputs]; see native/cuda/convolution.cuh. */
export interface Matrix extends Block {
  rows: number;
  columns: number;
  bias: boolean;
}

interface Placed {
  parameter: Parameter;
  block: Block;
  /** The part of the block that is its own. */
  from: number;
  end: number;
  /** Where each element, in PyTorch's order, lies in the arena. */
  places: Uint32Array;
}

/**
 * Where every parameter lies in the arena, given out in the order in which layers ask. The optimizer's slots lie in arenas of their own,
 * in the same places. What fills quads stays zero.
 */
export class ParameterStore {
  readonly slotNames: readonly string[];
  private readonly placed = new Map<string, Placed>();
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

  /** One number a channel of the value. */
  vector(name: string, { memory, order }: Value): Block {
    const known = this.placed.get(name);
    if (known) return known.block;
    const block = this.take(memory);
    this.place(this.parameter(name), block, [0, memory], (i) => order?.[i] ?? i);
    return block;
  }

  /** @returns which floats of the block belong to which trainable parameter */
  pieces(block: Block): { name: string; from: number; end: number }[] {
    return [...this.placed.values()]
      .filter((placed) => placed.block === block && placed.parameter.trainable)
      .map(({ parameter, from, end }) => ({ name: parameter.name, from, end }));
  }

  /** Bytes of its tables. */
  bytes(): number {
    return [...this.placed.values()].reduce((sum, { places }) => sum + places.byteLength, 0);
  }

  /** @param arena parameters @param slots one arena for each of slotNames */
  read(step: number, arena: Float32Array, slots: readonly Float32Array[]): State {
    const tensors = new Map<string, Tensor>();
    const add = (key: string, { shape }: Parameter, places: Uint32Array, from: Float32Array) =>
      tensors.set(key, { shape, data: Float32Array.from(places, (place) => from[place]) });
    for (const parameter of this.model.parameters) add(parameter.name, parameter, this.placesOf(parameter), arena);
    for (const [i, slot] of this.slotNames.entries()) {
      for (const parameter of this.model.parameters) {
        if (parameter.trainable) add(`${slot}/${parameter.name}`, parameter, this.placesOf(parameter), slots[i]);
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
      const places = this.placesOf(parameter);
      const put = (key: string, into: Float32Array) => {
        const data = tensors.get(key)?.data;
        if (data) for (let i = 0; i < places.length; i++) into[places[i]] = data[i];
      };
      put(name, arena);
      if (parameter.trainable) for (const [i, slot] of this.slotNames.entries()) put(`${slot}/${name}`, slots[i]);
    }
    return { arena, slots };
  }

  private placesOf({ name }: Parameter): Uint32Array {
    return this.placed.get(name)!.places;
  }

  private parameter(name: string): Parameter {
    const found = this.model.parameters.find((p) => p.name === name);
    if (!found) throw new Error(`The model's table has no ${name}.`);
    return found;
  }

  /** @param at where element i of the parameter lies in the block */
  private place(parameter: Parameter, block: Block, [from, end]: [number, number], at: (i: number) => number): void {
    const places = Uint32Array.from({ length: parameter.size }, (_, i) => block.first + at(i));
    this.placed.set(parameter.name, { parameter, block, from, end, places });
  }

  private take(count: number): Block {
    const first = this.end;
    this.end += count;
    return { first, count };
  }
}
