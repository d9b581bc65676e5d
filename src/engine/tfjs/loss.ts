import type { Tensor, Tf } from "./backend.js";

/**
 * Mean softmax cross-entropy through log-sum-exp, with its gradient.
 * @param logits [N, 10] @param hot [N, 10] one-hot labels @param labels [N] int32
 * @returns loss [], the gradient by the logits [N, 10], and how many predictions are right [] (int32)
 */
export function crossEntropy(tf: Tf, logits: Tensor, hot: Tensor, labels: Tensor): { loss: Tensor; dlogits: Tensor; correct: Tensor } {
  const batch = logits.shape[0];
  const shifted = tf.sub(logits, tf.max(logits, 1, true));
  const powers = tf.exp(shifted);
  const sums = tf.sum(powers, 1, true);
  const loss = tf.mean(tf.sub(tf.log(sums), tf.sum(tf.mul(shifted, hot), 1, true)));
  const dlogits = tf.div(tf.sub(tf.div(powers, sums), hot), batch);
  const correct = tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), "int32"));
  return { loss, dlogits, correct };
}
