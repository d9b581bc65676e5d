import type { Offset } from "../schema/fields.js";
import { type Instruction, instruction, placed, type ThreadMemory } from "./instructions.js";
import { type Value, view } from "./layout.js";
import type { StructFields } from "./program/encode.js";

/** What one task of the update takes of a parameter; `step` and `pieces` count the taps of a convolution. */
export type WeightRange = StructFields<"WeightRange">;

export function updateLanes(range: WeightRange, slots: readonly Offset[], gradient: () => Offset, lanes: "all" | "first"): Instruction {
  return instruction("updateLanes", { values: [] }, () => ({ range, slots, gradient: gradient(), firstLaneOnly: lanes === "first" }));
}

/** Makes the transposed copy of a range alone. */
export function transpose(range: WeightRange): Instruction {
  return instruction("transpose", { values: [] }, () => ({ range }));
}

/** @param input of a dense layer @param dOut the gradient of its output: the weights' gradient is made of both, over the batch */
export function updateDense(range: WeightRange, slots: readonly Offset[], input: Value, dOut: Value): Instruction {
  const scratch: ThreadMemory = { floats: range.count };
  return instruction("updateDense", { values: [input, dOut], multiplyAdds: range.count, scratch }, () => ({
    ...{ range, slots, in: view(input), out: view(dOut), scratch: placed(scratch) },
  }));
}
