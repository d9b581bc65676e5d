/** Arithmetic on one-channel pictures of floats. */

export interface Field {
  width: number;
  height: number;
  /** [height × width] */
  data: Float32Array;
}

/** @returns a copy whose longer side is at most `side`, each pixel the mean of the area that it covers */
export function shrink(field: Field, side: number): Field {
  const scale = Math.min(1, side / Math.max(field.width, field.height));
  if (scale === 1) return { ...field, data: field.data.slice() };
  const width = Math.max(1, Math.round(field.width * scale));
  const height = Math.max(1, Math.round(field.height * scale));
  return averageInto(field, { left: 0, top: 0, right: field.width, bottom: field.height }, width, height);
}

/** A rectangle between pixel edges: the whole field is 0, 0, width, height. May reach outside, where values are 0. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** @returns width × height pixels, each the mean of its part of the box; exact for any fraction of a source pixel */
export function averageInto(field: Field, box: Box, width: number, height: number): Field {
  const narrow = averageAxis(field.data, field.width, field.height, box.left, box.right, width, "rows");
  return { width, height, data: averageAxis(narrow, width, field.height, box.top, box.bottom, height, "columns") };
}

function averageAxis(
  data: Float32Array,
  width: number,
  height: number,
  from: number,
  to: number,
  count: number,
  along: "rows" | "columns",
): Float32Array {
  const [length, lines, step, lineStep] = along === "rows" ? [width, height, 1, width] : [height, width, width, 1];
  const [outStep, outLineStep] = along === "rows" ? [1, count] : [width, 1];
  const out = new Float32Array(lines * count);
  const size = (to - from) / count;
  for (let k = 0; k < count; k++) {
    const start = from + k * size;
    const end = start + size;
    for (let i = Math.max(0, Math.floor(start)); i < Math.min(length, Math.ceil(end)); i++) {
      const weight = (Math.min(end, i + 1) - Math.max(start, i)) / size;
      for (let line = 0; line < lines; line++) out[line * outLineStep + k * outStep] += weight * data[line * lineStep + i * step];
    }
  }
  return out;
}

/** @returns the value between the four pixels around (x, y), in pixel-centre coordinates; the border's value outside */
export function sampleBilinear(field: Field, x: number, y: number): number {
  const { width, height, data } = field;
  const cx = Math.min(width - 1, Math.max(0, x));
  const cy = Math.min(height - 1, Math.max(0, y));
  const x0 = Math.floor(cx);
  const y0 = Math.floor(cy);
  const x1 = Math.min(width - 1, x0 + 1);
  const y1 = Math.min(height - 1, y0 + 1);
  const fx = cx - x0;
  const fy = cy - y0;
  const top = data[y0 * width + x0] * (1 - fx) + data[y0 * width + x1] * fx;
  const bottom = data[y1 * width + x0] * (1 - fx) + data[y1 * width + x1] * fx;
  return top * (1 - fy) + bottom * fy;
}

/** Fills dark parts narrower than 2·reach + 1 pixels (square window; what lies outside the field does not count). */
export function closing(field: Field, reach: number): Field {
  return extreme(extreme(field, reach, "max"), reach, "min");
}

/** Removes bright parts narrower than 2·reach + 1 pixels. */
export function opening(field: Field, reach: number): Field {
  return extreme(extreme(field, reach, "min"), reach, "max");
}

/**
 * Makes bright strokes thicker (max) or thinner (min) by `radius` on each side; 0 outside the field. A disc is a run of pixels in each of its rows:
 * the extremes over runs of one length cost the same whatever the length, so the cost grows with the radius, not with its square.
 * @returns the largest or smallest value within a disc around each pixel
 */
export function extremeInDisc(field: Field, radius: number, which: "max" | "min"): Field {
  const reach = Math.floor(radius);
  const width = field.width + 2 * reach;
  const height = field.height + 2 * reach;
  const padded = new Float32Array(width * height);
  for (let y = 0; y < field.height; y++)
    padded.set(field.data.subarray(y * field.width, (y + 1) * field.width), (y + reach) * width + reach);
  const out = field.data.slice();
  const runs = new Float32Array(width * height);
  let lastHalf = -1;
  for (let dy = 0; dy <= reach; dy++) {
    let half = 0;
    while ((half + 1) ** 2 + dy ** 2 <= radius ** 2) half++;
    if (half !== lastHalf) {
      const sliding = new SlidingExtreme(width, half, which);
      for (let y = 0; y < height; y++) sliding.line(padded, runs, y * width, 1, width);
      lastHalf = half;
    }
    for (let y = 0; y < field.height; y++)
      for (const row of dy === 0 ? [y] : [y - dy, y + dy])
        for (let x = 0, from = (row + reach) * width + reach, to = y * field.width; x < field.width; x++, from++, to++)
          if (which === "max" ? runs[from] > out[to] : runs[from] < out[to]) out[to] = runs[from];
  }
  return { width: field.width, height: field.height, data: out };
}

/** @returns the largest or smallest value within `reach` in x and y */
function extreme(field: Field, reach: number, which: "max" | "min"): Field {
  const { width, height } = field;
  const sliding = new SlidingExtreme(Math.max(width, height), reach, which);
  const rows = new Float32Array(width * height);
  for (let y = 0; y < height; y++) sliding.line(field.data, rows, y * width, 1, width);
  const data = new Float32Array(width * height);
  for (let x = 0; x < width; x++) sliding.line(rows, data, x, width, height);
  return { width, height, data };
}

/**
 * Van Herk's method, whose cost does not depend on the window's length: running extremes forwards and backwards within blocks of that
 * length; any window is covered by the end of one block and the beginning of the next.
 */
class SlidingExtreme {
  private readonly values: Float32Array;
  private readonly forwards: Float32Array;
  private readonly backwards: Float32Array;
  private readonly window: number;

  constructor(
    longest: number,
    private readonly reach: number,
    private readonly which: "max" | "min",
  ) {
    this.window = 2 * reach + 1;
    const length = longest + 2 * this.window;
    this.values = new Float32Array(length).fill(which === "max" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
    this.forwards = new Float32Array(length);
    this.backwards = new Float32Array(length);
  }

  /** One row or column of `length` values, `step` apart from `start` on. */
  line(from: Float32Array, to: Float32Array, start: number, step: number, length: number): void {
    const { values, forwards, backwards, window, reach } = this;
    const sign = this.which === "max" ? 1 : -1;
    const padded = Math.ceil((length + 2 * reach) / window) * window;
    for (let i = 0; i < length; i++) values[reach + i] = from[start + i * step];
    values.fill(sign * Number.NEGATIVE_INFINITY, reach + length, padded);
    for (let i = 0, inBlock = 0; i < padded; i++, inBlock = inBlock + 1 === window ? 0 : inBlock + 1)
      forwards[i] = inBlock > 0 && sign * forwards[i - 1] > sign * values[i] ? forwards[i - 1] : values[i];
    for (let i = padded - 1, inBlock = 0; i >= 0; i--, inBlock = inBlock + 1 === window ? 0 : inBlock + 1)
      backwards[i] = inBlock > 0 && sign * backwards[i + 1] > sign * values[i] ? backwards[i + 1] : values[i];
    for (let i = 0; i < length; i++) {
      const [left, right] = [backwards[i], forwards[i + window - 1]];
      to[start + i * step] = sign * left > sign * right ? left : right;
    }
  }
}

/** @returns the value below which `part` of the values lie (nearest rank) */
export function quantile(values: Float32Array, part: number): number {
  if (values.length === 0) return 0;
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}
