/** A model's output, one logit a class, and its meaning: probabilities, a prediction, a loss. The same for every engine. */

/** Classes of every dataset. */
export const classes = 10;

/** @param logits [N, classes] @returns probabilities [N, classes], each row adding up to 1; no exp overflows, for the highest logit is subtracted first */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const probabilities = new Float64Array(logits.length);
  for (let from = 0; from < logits.length; from += classes) {
    const highest = highestOf(logits, from);
    let sum = 0;
    for (let i = from; i < from + classes; i++) {
      probabilities[i] = Math.exp(logits[i] - highest);
      sum += probabilities[i];
    }
    for (let i = from; i < from + classes; i++) probabilities[i] /= sum;
  }
  return probabilities;
}

/** @param scores [N, classes] logits or probabilities @returns [N] the class of the highest score, the lowest class where several are equal */
export function argmax(scores: ArrayLike<number>): Uint8Array {
  const winners = new Uint8Array(scores.length / classes);
  for (let n = 0; n < winners.length; n++) {
    const from = n * classes;
    for (let i = 1; i < classes; i++) if (scores[from + i] > scores[from + winners[n]]) winners[n] = i;
  }
  return winners;
}

/**
 * Softmax cross-entropy, −log softmax(logits)[label], through log-sum-exp: no probability can round to zero under the logarithm.
 * @param logits [N, classes] @param labels [N] @returns the sum over the batch, in nats
 */
export function crossEntropySum(logits: ArrayLike<number>, labels: Uint8Array): number {
  let loss = 0;
  for (let n = 0; n < labels.length; n++) {
    const from = n * classes;
    const highest = highestOf(logits, from);
    let sum = 0;
    for (let i = from; i < from + classes; i++) sum += Math.exp(logits[i] - highest);
    loss += Math.log(sum) + highest - logits[from + labels[n]];
  }
  return loss;
}

/** NaN where the row has one, as Math.max. */
function highestOf(logits: ArrayLike<number>, from: number): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = from; i < from + classes; i++) highest = Math.max(highest, logits[i]);
  return highest;
}
