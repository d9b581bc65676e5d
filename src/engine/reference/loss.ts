import { classes, softmax } from "../../model/logits.js";
import type { Floats } from "./floats.js";

/** Fills dlogits [N, 10], the gradient of the *mean* cross-entropy: (softmax − one-hot) / N. */
export function crossEntropyBackward(logits: Floats, labels: Uint8Array, dlogits: Floats): void {
  const probabilities = softmax(logits);
  for (let k = 0; k < logits.length; k++) {
    const hot = labels[Math.floor(k / classes)] === k % classes ? 1 : 0;
    dlogits[k] = (probabilities[k] - hot) / labels.length;
  }
}
