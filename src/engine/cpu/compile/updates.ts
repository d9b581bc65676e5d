import type { Offset } from "../../schema/fields.js";
import type { FeatureMap } from "../memory/feature-map.js";
import type { Stored } from "../memory/parameters.js";
import type { Store, WeightRange } from "../memory/store.js";
import type { TileSide } from "../memory/winograd-weights.js";
import type { Instruction } from "./instruction.js";
import { transpose, updateDense, updateLanes } from "./update-ops.js";
import { type Transformed, transformWeights } from "./winograd.js";

/**
 * The tasks of the update. Each changes a range of weights and then whatever is derived from just that range, while it is at hand: the transposed
 * copy that input gradients read, and Winograd's forms of both.
 */
export class Updates {
  /** In the order of their gates. */
  readonly tasks: Instruction[] = [];
  gates = 0;
  private readonly transforms = new Map<Stored, Transformed[]>();

  constructor(private readonly store: Store) {}

  /** @returns where Winograd's form of the weights, or of their transposed copy, lies */
  transformed(stored: Stored, which: "forward" | "transposed", side: TileSide): Offset {
    const { packing, offset } = which === "forward" ? { packing: stored.packing!, offset: stored.offset } : stored.transposed!;
    const to = this.store.transformed(stored, which, side);
    this.transforms.set(stored, [...(this.transforms.get(stored) ?? []), { which, side, packing, from: offset, to }]);
    return to;
  }

  /** @param lanes the lanes that hold the gradient @param gradient where lane 0's lies; absent: it is given a place @returns that */
  fromLanes(stored: Stored, lanes: "all" | "first", gradient = this.store.gradients.take(stored.size)): () => Offset {
    const slots = slotsOf(stored);
    for (const range of this.ranges(stored)) this.add("update", stored, range, updateLanes(range, slots, gradient, lanes));
    return gradient;
  }

  /** @param input and the gradient of its output: a dense layer's weight gradient is made of them in the update */
  ofDense(stored: Stored, input: FeatureMap, dOut: FeatureMap): void {
    for (const range of this.ranges(stored)) {
      const update = updateDense(range, slotsOf(stored), input, dOut);
      this.add(`${stored.parameter.name} gradient and update`, stored, range, update);
    }
  }

  /**
   * Lets updates begin before all of the backward pass is done.
   * @param first the updates from this one on @param last the op behind which their gradients are made and their weights have been read
   */
  gate(first: number, last: Instruction | undefined): void {
    if (first === this.tasks.length || !last) return;
    last.gate ??= this.gates++;
    for (const update of this.tasks.slice(first)) update.gate = last.gate;
  }

  /** @returns the tasks that make the transposed and transformed copies of all weights */
  preparation(): Instruction[] {
    const derived = this.store.stored.filter((stored) => stored.transposed || this.transforms.has(stored));
    return derived.flatMap((stored) =>
      this.ranges(stored).map((range) => ({ ...transpose(range), label: "preparation", followers: this.transformsOf(stored, range) })),
    );
  }

  private add(label: string, stored: Stored, range: WeightRange, update: Instruction): void {
    this.tasks.push({ ...update, label, parameter: stored.parameter.name, followers: this.transformsOf(stored, range) });
  }

  private ranges(stored: Stored): WeightRange[] {
    return this.store.ranges(stored, this.transforms.has(stored));
  }

  private transformsOf(stored: Stored, range: WeightRange): Instruction[] {
    const forms = this.transforms.get(stored) ?? [];
    return forms.flatMap((form) => transformWeights(form, this.store.vectorWidth, range.tile, this.store.rowsOf(range)));
  }
}

function slotsOf({ slots }: Stored): Offset[] {
  return slots.map(({ offset }) => offset);
}
