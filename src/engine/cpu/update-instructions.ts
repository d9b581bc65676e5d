import { type Instruction, noValue } from "./instructions.js";
import { type Tile, type Value, viewWords } from "./layout.js";

/** Where the transposed weights lie; absent: none are needed. */
export interface TransposeWords {
  weights: number;
  taps: number;
  inputs: number;
  outputs: number;
  /** Offset of the tile table. */
  tiles: number;
}

const transposeWords = (t?: TransposeWords) => (t ? [t.weights, t.taps, t.inputs, t.outputs, t.tiles] : [noValue, 0, 0, 0, 0]);
const slotWords = (slots: readonly number[]) => [slots[0] ?? noValue, slots[1] ?? noValue];

export interface UpdateRange {
  weights: number;
  slots: readonly number[];
  /** Floats `from` to `from + count` of the weights, and as many again after every `step`, `pieces` times in all. */
  from: number;
  count: number;
  pieces: number;
  step: number;
  tile: Tile;
  transpose?: TransposeWords;
}

export function updateLanes(u: UpdateRange & { gradient: () => number; lanes: "all" | "first" }): Instruction {
  return {
    kind: "updateLanes",
    values: [],
    words: () => [
      u.weights,
      u.gradient(),
      u.lanes === "all" ? 0 : 1,
      ...slotWords(u.slots),
      u.from,
      u.count,
      u.pieces,
      u.step,
      u.tile.first,
      u.tile.vectors,
      u.tile.weights,
      ...transposeWords(u.transpose),
    ],
  };
}

/** Makes the transposed copy of a range alone. */
export function transpose(range: UpdateRange): Instruction {
  return { ...updateLanes({ ...range, gradient: () => 0, lanes: "first" }), kind: "transpose" };
}

export function updateDense(u: UpdateRange & { size: number; input: Value; dOut: Value }): Instruction {
  const scratch = { floats: u.size, offset: noValue };
  return {
    kind: "updateDense",
    multiplyAdds: u.size,
    values: [u.input, u.dOut],
    scratch,
    words: () => [
      ...viewWords(u.input),
      ...viewWords(u.dOut),
      u.weights,
      ...slotWords(u.slots),
      u.from,
      u.count,
      u.tile.first,
      u.tile.vectors,
      u.tile.weights,
      scratch.offset,
      ...transposeWords(u.transpose),
    ],
  };
}
