import { momentumSlot, type OptimizerSettings, optimizers } from "../../model/optimizers.js";
import type { Tensor, Tf } from "./backend.js";

/** Slots by name, each as long as the weights. */
export type Slots = Record<string, Tensor>;

/**
 * One step of torch.optim's Adam, SGD or RMSprop; TF.js's own put ε elsewhere.
 * @param weights [P] @param gradient [P] @param step 1 for the first: Adam's bias correction
 * @returns new weights and slots; the old ones are left alone
 */
export function update(
  tf: Tf,
  weights: Tensor,
  gradient: Tensor,
  slots: Slots,
  settings: OptimizerSettings,
  learningRate: number,
  step: number,
): { weights: Tensor; slots: Slots } {
  const { momentum, weightDecay } = settings;
  const g = weightDecay > 0 ? tf.add(gradient, tf.mul(weights, weightDecay)) : gradient;
  const average = (old: Tensor, decay: number, value: Tensor) => tf.add(tf.mul(old, decay), tf.mul(value, 1 - decay));
  const next: Slots = {};
  let direction = g;
  switch (settings.type) {
    case "adam": {
      const { beta1, beta2, epsilon } = optimizers.adam.constants;
      const m = average(slots.exp_avg, beta1, g);
      const v = average(slots.exp_avg_sq, beta2, tf.square(g));
      const denominator = tf.add(tf.mul(tf.sqrt(v), 1 / Math.sqrt(1 - beta2 ** step)), epsilon);
      const size = learningRate / (1 - beta1 ** step);
      return { weights: tf.sub(weights, tf.div(tf.mul(m, size), denominator)), slots: { exp_avg: m, exp_avg_sq: v } };
    }
    case "sgd":
      break;
    case "rmsprop": {
      const { alpha, epsilon } = optimizers.rmsprop.constants;
      next.square_avg = average(slots.square_avg, alpha, tf.square(g));
      direction = tf.div(g, tf.add(tf.sqrt(next.square_avg), epsilon));
      break;
    }
    default:
      settings.type satisfies never;
  }
  if (momentum > 0) {
    direction = tf.add(tf.mul(slots[momentumSlot], momentum), direction);
    next[momentumSlot] = direction;
  }
  return { weights: tf.sub(weights, tf.mul(direction, learningRate)), slots: next };
}
