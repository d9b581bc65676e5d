import { setImmediate } from "node:timers/promises";
import type { Split } from "../../data/split.js";
import type { Parameter } from "../../model/model.js";
import type { Evaluation } from "../contract/session.js";
import type { State } from "../contract/state.js";
import type { Floats } from "./floats.js";
import { argmax, crossEntropySum, softmax } from "./loss.js";

/** What sessions do alike that compute in this process: measuring a split, and looking at a state before they take it. */

const classes = 10;

/**
 * Measures a split, `size` samples at a time; the event loop has its turn after each.
 * @param infer the samples' indices in the split → logits [N × 10]
 */
export async function evaluateInBatches(
  { labels }: Split,
  size: number,
  infer: (indices: Uint32Array) => Floats | Promise<Floats>,
): Promise<Evaluation> {
  let loss = 0;
  const predictions = new Uint8Array(labels.length);
  const probabilities = new Float32Array(labels.length * classes);
  for (let from = 0; from < labels.length; from += size) {
    const batch = Math.min(size, labels.length - from);
    const logits = await infer(Uint32Array.from({ length: batch }, (_, i) => from + i));
    loss += crossEntropySum(logits, labels.subarray(from, from + batch));
    predictions.set(argmax(logits), from);
    probabilities.set(softmax(logits), from * classes);
    await setImmediate();
  }
  return { loss: loss / labels.length, predictions, probabilities };
}

/** @param slots of the optimizer: "exp_avg" @throws Error where a parameter is missing, or it or one of its slots has another shape */
export function checkState({ tensors }: State, parameters: readonly Parameter[], slots: readonly string[]): void {
  for (const { name, shape } of parameters) {
    if (!tensors.has(name)) throw new Error(`The state lacks the parameter ${name}.`);
    for (const key of [name, ...slots.map((slot) => `${slot}/${name}`)]) {
      const tensor = tensors.get(key);
      if (tensor && tensor.shape.join() !== shape.join())
        throw new Error(`The state's ${key} has the shape [${tensor.shape}], expected [${shape}].`);
    }
  }
}
