import type * as zod from "#zod";
import { UserError } from "../../util/errors.js";
import type { Shape } from "../shape.js";

/** The library, handed in by preset-schema.ts: it takes 30 ms to load, which a command that reads no preset should not pay. */
export type Zod = typeof zod;

/** Where a parameter's first values come from: uniform in ±bound, or a constant. */
export type Initial = { bound: number } | { value: number };

/** A parameter of one layer. */
interface LayerParameter {
  /** "weight", "running_mean": the end of PyTorch's name, behind the layer's. */
  part: string;
  /** PyTorch's. */
  shape: readonly number[];
  /** Batch-norm statistics are saved but not trained. */
  trainable: boolean;
  initial: Initial;
}

/**
 * All that the program knows of one kind of layer beside the arithmetic, which is each engine's.
 * @typeParam L the layer as a model has it @typeParam Spec how a preset file writes it @typeParam Expanded the layers that this stands for
 */
export interface LayerKind<L, Spec, Expanded = L> {
  schema(z: Zod): zod.ZodType<Spec>;
  /**
   * @param nameOf gives the next name in PyTorch's habit: conv1, conv2
   * @param inputs channels of the layer's input
   */
  expand(spec: Spec, nameOf: (prefix: string) => string, inputs: number): Expanded[];
  /**
   * @param branches output shapes of the layer's inner chains, where it has any
   * @throws UserError naming the layer and what it needs, where it cannot take such an input
   */
  outputShape(layer: L, input: Shape, branches: readonly Shape[]): Shape;
  /** In PyTorch's order; no method where there are none. */
  parameters?(layer: L, input: Shape): LayerParameter[];
  /** Of one image's forward pass; no method where they are not counted. */
  multiplyAdds?(layer: L, input: Shape, output: Shape): number;
  /** The layer's settings, for a table of layers: "16 filters 3×3, stride 2"; no method where there are none. */
  settings?(layer: L): string;
  /** The layer in a few words: "conv 3×3, 16". */
  description(layer: L): string;
}

/**
 * PyTorch's default of Conv2d and Linear, weights and biases alike: kaiming_uniform with a = √5, whose bound
 * √3 · √(2 / (1 + a²)) / √fanIn is 1 / √fanIn (torch/nn/modules/conv.py, reset_parameters).
 */
export function uniform(fanIn: number): Initial {
  return { bound: 1 / Math.sqrt(fanIn) };
}

/** @throws UserError where a setting is no whole number of at least 1 */
export function checkPositive(layer: { type: string; name?: string }, what: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw impossible(layer, `a whole number of ${what} of at least 1, got ${value}`);
}

/** @returns the error of a layer that cannot be, to throw */
export function impossible({ type, name = type }: { type: string; name?: string }, need: string): UserError {
  return new UserError(`Layer ${name} needs ${need}.`, 2);
}
