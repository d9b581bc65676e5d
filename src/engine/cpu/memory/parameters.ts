import type { Model } from "../../../model/model.js";
import type { Parameter } from "../../../model/parameters.js";
import type { State, Tensor } from "../../contract/state.js";
import type { Offset } from "../../schema/fields.js";
import { type Tile, tilesOf, tilesSize } from "./tiles.js";

/** How a layer's weights are stored: tiles of outputs, each [tap][input][vectors × V]. */
export interface Packing {
  taps: number;
  /** Rows of one tap: input channels, or the padded flattening of a dense layer's input. */
  inputs: number;
  outputs: number;
  tiles: Tile[];
  /** PyTorch's input index → row; absent: the same. */
  order?: Int32Array;
}

/** One parameter in the arena; offsets in floats. */
export interface Stored {
  parameter: Parameter;
  /** Absent for vectors (biases, batch norm), which are stored as they are, padded to whole blocks. */
  packing?: Packing;
  /** The place of each weight, in PyTorch's order, among the packed ones; made on first use. */
  indices?: Int32Array;
  size: number;
  offset: Offset;
  /** Transposed copy for the input gradient, where one is needed. */
  transposed?: { packing: Packing; size: number; offset: Offset };
  slots: { name: string; offset: Offset }[];
}

export function packing(shape: Omit<Packing, "tiles">, vectorWidth: number, widest: number): Packing {
  return { ...shape, tiles: tilesOf(shape.outputs, shape.taps * shape.inputs, vectorWidth, widest) };
}

export function packedSize(p: Packing, vectorWidth: number): number {
  return tilesSize(p.tiles, p.taps * p.inputs, vectorWidth);
}

/** @returns for every weight in PyTorch's [out][in][tap] order its index among the packed ones */
function packedIndices(p: Packing, vectorWidth: number, inputs: number): Int32Array {
  const { taps, outputs, order } = p;
  const rows = Int32Array.from({ length: inputs * taps }, (_, k) => {
    const input = Math.floor(k / taps);
    return (k % taps) * p.inputs + (order ? order[input] : input);
  });
  const indices = new Int32Array(outputs * rows.length);
  let next = 0;
  for (const tile of p.tiles) {
    const width = tile.vectors * vectorWidth;
    const end = tile.weights + Math.min(width, outputs - tile.first * vectorWidth);
    // Short and plain: it runs before V8 has compiled much, for every weight.
    for (let column = tile.weights; column < end; column++) {
      for (let k = 0; k < rows.length; k++) indices[next++] = column + rows[k] * width;
    }
  }
  return indices;
}

/** Worked out once: weights and every slot of the optimizer lie in the same order. */
function indicesOf(stored: Stored, vectorWidth: number): Int32Array | undefined {
  if (stored.packing) stored.indices ??= packedIndices(stored.packing, vectorWidth, stored.parameter.shape[1]);
  return stored.indices;
}

/** Copies a PyTorch tensor into the arena. */
function pack(stored: Stored, tensor: Float32Array, arena: Float32Array, offset: number, vectorWidth: number): void {
  const indices = indicesOf(stored, vectorWidth);
  if (!indices) arena.set(tensor, offset);
  else for (let k = 0; k < indices.length; k++) arena[offset + indices[k]] = tensor[k];
}

function unpack(stored: Stored, arena: Float32Array, offset: number, vectorWidth: number): Float32Array {
  const indices = indicesOf(stored, vectorWidth);
  if (!indices) return arena.slice(offset, offset + stored.parameter.size);
  const tensor = new Float32Array(indices.length);
  for (let k = 0; k < indices.length; k++) tensor[k] = arena[offset + indices[k]];
  return tensor;
}

/** @param state of the same model and optimizer */
export function writeState(stored: readonly Stored[], state: State, arena: Float32Array, vectorWidth: number): void {
  for (const s of stored) {
    pack(s, state.tensors.get(s.parameter.name)!.data, arena, s.offset, vectorWidth);
    for (const slot of s.slots) {
      const saved = state.tensors.get(`${slot.name}/${s.parameter.name}`);
      arena.fill(0, slot.offset, slot.offset + s.size);
      if (saved) pack(s, saved.data, arena, slot.offset, vectorWidth);
    }
  }
}

export function readState(stored: readonly Stored[], step: number, arena: Float32Array, vectorWidth: number): State {
  const tensors = new Map<string, Tensor>();
  for (const s of stored) {
    const { name, shape } = s.parameter;
    tensors.set(name, { shape, data: unpack(s, arena, s.offset, vectorWidth) });
  }
  for (const s of stored) {
    for (const slot of s.slots) {
      tensors.set(`${slot.name}/${s.parameter.name}`, { shape: s.parameter.shape, data: unpack(s, arena, slot.offset, vectorWidth) });
    }
  }
  return { step, tensors };
}

/** Finds a parameter of the model's table. */
export function parameterNamed(model: Model, name: string): Parameter {
  const found = model.parameters.find((p) => p.name === name);
  if (!found) throw new Error(`The model's table has no ${name}.`);
  return found;
}
