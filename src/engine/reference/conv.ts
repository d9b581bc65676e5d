import type { Shape } from "../../model/shape.js";
import type { Floats } from "./floats.js";

/**
 * Convolution (cross-correlation, as in every framework) with square kernels.
 *
 * N samples, C input channels, H×W input pixels; O filters, P×Q output pixels; K kernel size, S stride, Z zeros around the image.
 * x [N, C, H, W], weight [O, C, K, K], bias [O], y [N, O, P, Q]:
 *
 *   y[n, o, p, q] = bias[o] + Σ c, i, j  weight[o, c, i, j] · x[n, c, S·p + i − Z, S·q + j − Z]
 *
 * with x = 0 outside the image. Sums are kept in double and rounded once when stored.
 */
export interface ConvGeometry {
  input: Shape;
  output: Shape;
  kernelSize: 1 | 3;
  stride: 1 | 2;
  padding: 0 | 1;
}

/** Fills y. @param bias undefined: none */
export function convForward(x: Floats, weight: Floats, bias: Floats | undefined, y: Floats, batch: number, geometry: ConvGeometry): void {
  const { input, output, kernelSize: K, stride: S, padding: Z } = geometry;
  const [C, H, W] = input;
  const [O, P, Q] = output;
  const sum = new Float64Array(P * Q);
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < O; o++) {
      sum.fill(bias ? bias[o] : 0);
      for (let c = 0; c < C; c++) {
        const image = (n * C + c) * H * W;
        for (let i = 0; i < K; i++) {
          for (let j = 0; j < K; j++) {
            const w = weight[((o * C + c) * K + i) * K + j];
            const { first, last } = inside(j - Z, S, W, Q);
            for (let p = 0; p < P; p++) {
              const row = S * p + i - Z;
              if (row < 0 || row >= H) continue;
              const start = image + row * W + j - Z;
              for (let q = first; q <= last; q++) sum[p * Q + q] += w * x[start + S * q];
            }
          }
        }
      }
      y.set(sum, (n * O + o) * P * Q);
    }
  }
}

/** Fills dx [N, C, H, W], the loss's gradient by x, from dy [N, O, P, Q]: every product of the forward pass sends w · dy back. */
export function convBackwardInput(dy: Floats, weight: Floats, dx: Floats, batch: number, geometry: ConvGeometry): void {
  const { input, output, kernelSize: K, stride: S, padding: Z } = geometry;
  const [C, H, W] = input;
  const [O, P, Q] = output;
  const sum = new Float64Array(H * W);
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < C; c++) {
      sum.fill(0);
      for (let o = 0; o < O; o++) {
        const image = (n * O + o) * P * Q;
        for (let i = 0; i < K; i++) {
          for (let j = 0; j < K; j++) {
            const w = weight[((o * C + c) * K + i) * K + j];
            const { first, last } = inside(j - Z, S, W, Q);
            for (let p = 0; p < P; p++) {
              const row = S * p + i - Z;
              if (row < 0 || row >= H) continue;
              const start = row * W + j - Z;
              for (let q = first; q <= last; q++) sum[start + S * q] += w * dy[image + p * Q + q];
            }
          }
        }
      }
      dx.set(sum, (n * C + c) * H * W);
    }
  }
}

/** Fills dweight [O, C, K, K] and, where there is a bias, dbias [O] with the sums over the whole batch. */
export function convBackwardWeight(
  x: Floats,
  dy: Floats,
  dweight: Floats,
  dbias: Floats | undefined,
  batch: number,
  geometry: ConvGeometry,
): void {
  const { input, output, kernelSize: K, stride: S, padding: Z } = geometry;
  const [C, H, W] = input;
  const [O, P, Q] = output;
  for (let o = 0; o < O; o++) {
    for (let c = 0; c < C; c++) {
      for (let i = 0; i < K; i++) {
        for (let j = 0; j < K; j++) {
          const { first, last } = inside(j - Z, S, W, Q);
          let sum = 0;
          for (let n = 0; n < batch; n++) {
            for (let p = 0; p < P; p++) {
              const row = S * p + i - Z;
              if (row < 0 || row >= H) continue;
              const start = (n * C + c) * H * W + row * W + j - Z;
              const from = (n * O + o) * P * Q + p * Q;
              for (let q = first; q <= last; q++) sum += dy[from + q] * x[start + S * q];
            }
          }
          dweight[((o * C + c) * K + i) * K + j] = sum;
        }
      }
    }
    if (dbias) {
      let sum = 0;
      for (let n = 0; n < batch; n++) {
        const from = (n * O + o) * P * Q;
        for (let k = from; k < from + P * Q; k++) sum += dy[k];
      }
      dbias[o] = sum;
    }
  }
}

/** @returns the output columns q, first to last, whose input column S·q + offset lies within the image's width */
function inside(offset: number, stride: number, width: number, outputs: number): { first: number; last: number } {
  const first = Math.max(0, Math.ceil(-offset / stride));
  const last = Math.min(outputs - 1, Math.floor((width - 1 - offset) / stride));
  return { first, last };
}
