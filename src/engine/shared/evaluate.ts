import { setImmediate } from "node:timers/promises";
import type { Split } from "../../data/split.js";
import { argmax, classes, crossEntropySum, softmax } from "../../model/logits.js";
import type { Evaluation } from "../contract/session.js";

/**
 * Evaluates a split, `size` samples at a time; the event loop has its turn after each batch.
 * @param infer the samples' indices in the split → logits [N, classes]
 */
export async function evaluateInBatches(
  { labels }: Split,
  size: number,
  infer: (indices: Uint32Array) => ArrayLike<number> | Promise<ArrayLike<number>>,
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
