import type { PoolLayer } from "../../model/layers/pool.js";
import type { Shape } from "../../model/shape.js";
import type { Floats } from "./floats.js";

/**
 * Max pooling over 2×2 windows with stride 2; an odd last row or column is dropped. x [N, C, H, W], y [N, C, ⌊H/2⌋, ⌊W/2⌋].
 * Fills y and, for the backward pass, `winner` (same size) with the index in x of each window's maximum: the first one in row-major
 * order where several are equal, as in PyTorch.
 */
export function maxPoolForward(x: Floats, y: Floats, winner: Uint32Array, batch: number, [C, H, W]: Shape): void {
  const P = H >> 1;
  const Q = W >> 1;
  let k = 0;
  for (let plane = 0; plane < batch * C; plane++) {
    for (let p = 0; p < P; p++) {
      for (let q = 0; q < Q; q++) {
        const corner = (plane * H + 2 * p) * W + 2 * q;
        let best = corner;
        for (const candidate of [corner + 1, corner + W, corner + W + 1]) {
          // A NaN wins, as in PyTorch: it must not vanish behind a pool.
          if (x[candidate] > x[best] || Number.isNaN(x[candidate])) best = candidate;
        }
        y[k] = x[best];
        winner[k++] = best;
      }
    }
  }
}

/** Fills dx [N, C, H, W]: each window's gradient goes to its winner, all other pixels get 0. */
export function maxPoolBackward(dy: Floats, winner: Uint32Array, dx: Floats): void {
  dx.fill(0);
  for (let k = 0; k < dy.length; k++) dx[winner[k]] = dy[k];
}

/** Mean over the pixels of each channel. x [N, C, A], y [N, C]. */
function globalAveragePoolForward(x: Floats, y: Floats, area: number): void {
  for (let k = 0; k < y.length; k++) {
    let sum = 0;
    for (let a = 0; a < area; a++) sum += x[k * area + a];
    y[k] = sum / area;
  }
}

/** Fills dx [N, C, A]: every pixel has an equal share. */
function globalAveragePoolBackward(dy: Floats, dx: Floats, area: number): void {
  for (let k = 0; k < dx.length; k++) dx[k] = dy[Math.floor(k / area)] / area;
}

/** The arithmetic of a pool. Shapes are those of the layer's input; x and dx [N, C, H, W], y and dy the layer's output. */
interface Pool {
  /** Fills y. @returns where each maximum was, for the backward pass of a pool that needs it */
  forward(x: Floats, y: Floats, batch: number, input: Shape): Uint32Array | undefined;
  /** Fills dx. @param winner of the forward pass */
  backward(dy: Floats, dx: Floats, input: Shape, winner: Uint32Array | undefined): void;
}

export const pools: Readonly<Record<PoolLayer["type"], Pool>> = {
  maxPool: {
    forward(x, y, batch, input) {
      const winner = new Uint32Array(y.length);
      maxPoolForward(x, y, winner, batch, input);
      return winner;
    },
    backward: (dy, dx, _, winner) => maxPoolBackward(dy, winner!, dx),
  },
  globalAveragePool: {
    forward(x, y, _, [, height, width]) {
      globalAveragePoolForward(x, y, height * width);
      return undefined;
    },
    backward: (dy, dx, [, height, width]) => globalAveragePoolBackward(dy, dx, height * width),
  },
};
