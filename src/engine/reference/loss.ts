import type { Floats } from "./floats.js";

const classes = 10;

/** @param logits [N, 10] @returns probabilities [N, 10]; the maximum is subtracted first so that exp cannot overflow */
export function softmax(logits: Floats): Float64Array {
  const probabilities = new Float64Array(logits.length);
  for (let from = 0; from < logits.length; from += classes) {
    const row = logits.subarray(from, from + classes);
    const highest = Math.max(...row);
    let sum = 0;
    for (let i = 0; i < classes; i++) {
      probabilities[from + i] = Math.exp(row[i] - highest);
      sum += probabilities[from + i];
    }
    for (let i = 0; i < classes; i++) probabilities[from + i] /= sum;
  }
  return probabilities;
}

/** @param logits [N, 10] @returns [N] the class of the highest logit, the lowest one where several are equal */
export function argmax(logits: Floats): Uint8Array {
  const winners = new Uint8Array(logits.length / classes);
  for (let n = 0; n < winners.length; n++) {
    for (let i = 1; i < classes; i++) {
      if (logits[n * classes + i] > logits[n * classes + winners[n]]) winners[n] = i;
    }
  }
  return winners;
}

/**
 * Softmax cross-entropy, −log softmax(logits)[label], through log-sum-exp: no probability can round to zero under the logarithm.
 * @param logits [N, 10] @param labels [N] @returns the sum over the batch, in nats
 */
export function crossEntropySum(logits: Floats, labels: Uint8Array): number {
  let loss = 0;
  for (let n = 0; n < labels.length; n++) {
    const row = logits.subarray(n * classes, (n + 1) * classes);
    const highest = Math.max(...row);
    let sum = 0;
    for (let i = 0; i < classes; i++) sum += Math.exp(row[i] - highest);
    loss += Math.log(sum) + highest - row[labels[n]];
  }
  return loss;
}

/** Fills dlogits [N, 10], the gradient of the *mean* cross-entropy: (softmax − one-hot) / N. */
export function crossEntropyBackward(logits: Floats, labels: Uint8Array, dlogits: Floats): void {
  const probabilities = softmax(logits);
  for (let k = 0; k < logits.length; k++) {
    const hot = labels[Math.floor(k / classes)] === k % classes ? 1 : 0;
    dlogits[k] = (probabilities[k] - hot) / labels.length;
  }
}
