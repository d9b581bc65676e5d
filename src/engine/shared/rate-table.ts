import { optimizers } from "../../model/optimizers.js";

/**
 * The learning rates of a chunk as kernels read them, each with Adam's bias corrections 1 − β1^t and √(1 − β2^t) of its step t, counted from
 * 1 (Kingma and Ba 2015, as in torch.optim.Adam).
 * @param firstStep optimizer steps taken before the chunk
 * @returns [steps × 3]
 */
export function rateTable(learningRates: Float32Array, firstStep: number): Float32Array {
  const { beta1, beta2 } = optimizers.adam.constants;
  const rates = new Float32Array(3 * learningRates.length);
  learningRates.forEach((rate, i) => {
    const t = firstStep + i + 1;
    rates.set([rate, 1 - beta1 ** t, Math.sqrt(1 - beta2 ** t)], 3 * i);
  });
  return rates;
}
