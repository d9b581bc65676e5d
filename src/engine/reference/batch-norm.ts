import { batchNormEpsilon, batchNormMomentum } from "../../model/layers/batch-norm.js";
import type { Floats } from "./floats.js";

/**
 * Batch normalization (Ioffe and Szegedy 2015, arXiv:1502.03167; torch.nn.BatchNorm2d), each channel for itself.
 * x, y [N, C, A] with A = H·W pixels; weight, bias, running mean and variance [C].
 */
interface Normalization {
  channels: number;
  area: number;
}

/** The batch's own mean and 1/√(variance + ε) of each channel, [C] each, kept for the backward pass. */
export interface BatchStatistics {
  mean: Float64Array;
  inverseDeviation: Float64Array;
}

/**
 * Training: normalizes with the batch's mean and biased variance, fills y, and moves the running statistics by the momentum
 * towards the mean and the *unbiased* variance. @returns the values that the backward pass needs
 */
export function batchNormTrain(
  x: Floats,
  weight: Floats,
  bias: Floats,
  runningMean: Floats,
  runningVar: Floats,
  y: Floats,
  batch: number,
  { channels, area }: Normalization,
): BatchStatistics {
  const mean = new Float64Array(channels);
  const inverseDeviation = new Float64Array(channels);
  const count = batch * area;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    forEachOf(c, batch, channels, area, (k) => {
      sum += x[k];
    });
    mean[c] = sum / count;
    let squares = 0;
    forEachOf(c, batch, channels, area, (k) => {
      squares += (x[k] - mean[c]) ** 2;
    });
    inverseDeviation[c] = 1 / Math.sqrt(squares / count + batchNormEpsilon);
    forEachOf(c, batch, channels, area, (k) => {
      y[k] = (x[k] - mean[c]) * inverseDeviation[c] * weight[c] + bias[c];
    });
    // A single value has no unbiased variance; its squares are 0 anyway.
    const unbiased = squares / Math.max(1, count - 1);
    runningMean[c] = (1 - batchNormMomentum) * runningMean[c] + batchNormMomentum * mean[c];
    runningVar[c] = (1 - batchNormMomentum) * runningVar[c] + batchNormMomentum * unbiased;
  }
  return { mean, inverseDeviation };
}

/** Evaluation: normalizes with the running statistics. Fills y. */
export function batchNormEvaluate(
  x: Floats,
  weight: Floats,
  bias: Floats,
  runningMean: Floats,
  runningVar: Floats,
  y: Floats,
  batch: number,
  { channels, area }: Normalization,
): void {
  for (let c = 0; c < channels; c++) {
    const scale = weight[c] / Math.sqrt(runningVar[c] + batchNormEpsilon);
    forEachOf(c, batch, channels, area, (k) => {
      y[k] = (x[k] - runningMean[c]) * scale + bias[c];
    });
  }
}

/**
 * Fills dx [N, C, A], dweight [C] and dbias [C]. With x̂ the normalized input and M = N·A values a channel:
 *
 *   dbias = Σ dy,  dweight = Σ dy · x̂,  dx = weight / √(variance + ε) · (dy − dbias / M − x̂ · dweight / M)
 *
 * where the last two terms are the way through the batch's mean and variance.
 */
export function batchNormBackward(
  x: Floats,
  dy: Floats,
  weight: Floats,
  { mean, inverseDeviation }: BatchStatistics,
  dx: Floats,
  dweight: Floats,
  dbias: Floats,
  batch: number,
  { channels, area }: Normalization,
): void {
  const count = batch * area;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    let product = 0;
    forEachOf(c, batch, channels, area, (k) => {
      sum += dy[k];
      product += dy[k] * (x[k] - mean[c]) * inverseDeviation[c];
    });
    dbias[c] = sum;
    dweight[c] = product;
    forEachOf(c, batch, channels, area, (k) => {
      const normalized = (x[k] - mean[c]) * inverseDeviation[c];
      dx[k] = weight[c] * inverseDeviation[c] * (dy[k] - sum / count - (normalized * product) / count);
    });
  }
}

/** Visits the index of every value of channel c. */
function forEachOf(c: number, batch: number, channels: number, area: number, visit: (index: number) => void): void {
  for (let n = 0; n < batch; n++) {
    const from = (n * channels + c) * area;
    for (let k = from; k < from + area; k++) visit(k);
  }
}
