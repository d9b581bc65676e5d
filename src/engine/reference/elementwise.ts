import { type Key, randomUniform } from "../../util/random.js";
import type { Floats } from "./floats.js";

/** y = max(x, 0). */
export function reluForward(x: Floats, y: Floats): void {
  for (let k = 0; k < x.length; k++) y[k] = x[k] <= 0 ? 0 : x[k];
}

/** dx = dy where y > 0, else 0: the gradient at 0 is 0, as in PyTorch. */
export function reluBackward(y: Floats, dy: Floats, dx: Floats): void {
  for (let k = 0; k < y.length; k++) dx[k] = y[k] > 0 ? dy[k] : 0;
}

/**
 * Inverted dropout, forward on activations and backward on gradients alike: element k of the batch ([N, C, H, W], counted in that
 * order) is kept and scaled by 1 / (1 − rate) iff number k of the key is at least the rate, else it is 0.
 * @param key randomKey(seed, streams.dropout, optimizer steps before this one, dropoutIndex)
 */
export function dropout(x: Floats, y: Floats, rate: number, key: Key): void {
  const scale = 1 / (1 - rate);
  for (let k = 0; k < x.length; k++) y[k] = randomUniform(key, k) >= rate ? x[k] * scale : 0;
}

/** y = a + b */
export function add(a: Floats, b: Floats, y: Floats): void {
  for (let k = 0; k < y.length; k++) y[k] = a[k] + b[k];
}
