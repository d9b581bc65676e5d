import type { ChunkResult } from "../engine/contract/session.js";

/** Sums over the steps of an epoch, added step by step in order: the cut into chunks changes no bit of them. */
export interface TrainingSums {
  /** Of (mean loss of a step × its samples). */
  loss: number;
  correct: number;
  samples: number;
  /** Time in training, without evaluation and pauses. */
  seconds: number;
}

export const emptySums: TrainingSums = { loss: 0, correct: 0, samples: 0, seconds: 0 };

/** @param batchSize samples in each of the chunk's steps */
export function addSteps(sums: TrainingSums, result: ChunkResult, batchSize: number, seconds: number): TrainingSums {
  const next = { ...sums, seconds: sums.seconds + seconds, samples: sums.samples + result.loss.length * batchSize };
  for (const loss of result.loss) next.loss += loss * batchSize;
  for (const correct of result.correct) next.correct += correct;
  return next;
}

/** @returns mean loss in nats and accuracy in [0, 1] */
export function means({ loss, correct, samples }: TrainingSums): { loss: number; accuracy: number } {
  return { loss: loss / samples, accuracy: correct / samples };
}

/** @returns [classes][classes] counts, rows true, columns predicted */
export function confusionMatrix(labels: Uint8Array, predictions: Uint8Array, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) counts[labels[i]][predictions[i]]++;
  return counts;
}

/** @returns which predictions are wrong, as the event `eval` tells it: base64 of [ceil(n / 8)] bytes, bit i % 8 of byte i >> 3 */
export function wrongBits(labels: Uint8Array, predictions: Uint8Array): string {
  const bits = Buffer.alloc(Math.ceil(labels.length / 8));
  for (let i = 0; i < labels.length; i++) if (labels[i] !== predictions[i]) bits[i >> 3] |= 1 << (i & 7);
  return bits.toString("base64");
}

/** @returns the fraction of right predictions, in [0, 1] */
export function accuracyOf(labels: Uint8Array, predictions: Uint8Array): number {
  let correct = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] === predictions[i]) correct++;
  return correct / labels.length;
}

/** The evaluation that the best checkpoint was saved after. */
export interface Best {
  epoch: number;
  step: number;
  testAccuracy: number;
  testLoss: number;
}

/** The first evaluation of the highest accuracy is the best one. */
export function isBetter(candidate: { testAccuracy: number }, best: Best | undefined): boolean {
  return best === undefined || candidate.testAccuracy > best.testAccuracy;
}
