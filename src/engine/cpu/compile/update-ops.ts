import type { Offset } from "../../schema/fields.js";
import { type FeatureMap, view } from "../memory/feature-map.js";
import type { WeightRange } from "../memory/store.js";
import { type Instruction, instruction, placed, type ThreadMemory } from "./instruction.js";

export function updateLanes(range: WeightRange, slots: readonly Offset[], gradient: () => Offset, lanes: "all" | "first"): Instruction {
  return instruction("updateLanes", { maps: [] }, () => ({ range, slots, gradient: gradient(), firstLaneOnly: lanes === "first" }));
}

/** Makes the transposed copy of a range alone. */
export function transpose(range: WeightRange): Instruction {
  return instruction("transpose", { maps: [] }, () => ({ range }));
}

/** @param input of a dense layer @param dOut the gradient of its output: the weights' gradient is made of both, over the batch */
export function updateDense(range: WeightRange, slots: readonly Offset[], input: FeatureMap, dOut: FeatureMap): Instruction {
  const scratch: ThreadMemory = { floats: range.count };
  return instruction("updateDense", { maps: [input, dOut], multiplyAdds: range.count, scratch }, () => ({
    ...{ range, slots, in: view(input), out: view(dOut), scratch: placed(scratch) },
  }));
}
