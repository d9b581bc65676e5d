import type { Floats } from "./floats.js";

/**
 * Dense layer (torch.nn.Linear). x [N, I], weight [O, I], bias [O], y [N, O]:
 *
 *   y[n, o] = bias[o] + Σ i  weight[o, i] · x[n, i]
 */
interface DenseGeometry {
  inputs: number;
  units: number;
}

/** Fills y. */
export function denseForward(x: Floats, weight: Floats, bias: Floats, y: Floats, batch: number, { inputs, units }: DenseGeometry): void {
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < units; o++) {
      let sum = bias[o];
      for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i] * x[n * inputs + i];
      y[n * units + o] = sum;
    }
  }
}

/** Fills dx [N, I] from dy [N, O]. */
export function denseBackwardInput(dy: Floats, weight: Floats, dx: Floats, batch: number, { inputs, units }: DenseGeometry): void {
  const sum = new Float64Array(inputs);
  for (let n = 0; n < batch; n++) {
    sum.fill(0);
    for (let o = 0; o < units; o++) {
      const g = dy[n * units + o];
      for (let i = 0; i < inputs; i++) sum[i] += g * weight[o * inputs + i];
    }
    dx.set(sum, n * inputs);
  }
}

/** Fills dweight [O, I] and dbias [O] with the sums over the whole batch. */
export function denseBackwardWeight(
  x: Floats,
  dy: Floats,
  dweight: Floats,
  dbias: Floats,
  batch: number,
  { inputs, units }: DenseGeometry,
): void {
  const sum = new Float64Array(inputs);
  for (let o = 0; o < units; o++) {
    sum.fill(0);
    let total = 0;
    for (let n = 0; n < batch; n++) {
      const g = dy[n * units + o];
      total += g;
      for (let i = 0; i < inputs; i++) sum[i] += g * x[n * inputs + i];
    }
    dweight.set(sum, o * inputs);
    dbias[o] = total;
  }
}
