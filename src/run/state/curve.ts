/**
 * A curve of bounded memory. Points are appended in order of x; when the cap is reached, older points are merged so that
 * the minimum and the maximum of every bucket stay: a spike is never lost. Values are persistent: appending to a curve
 * leaves every earlier curve as it was, though they share one buffer.
 */
export const curveCap = 4096;

/** [step, epoch, seconds, value] a point */
export const curveStride = 4;
export const curveField = { step: 0, epoch: 1, seconds: 2, value: 3 } as const;

/** Room for points, shared by the curves that one grew into. */
interface CurveBuffer {
  data: Float64Array;
  /** Points written so far; a curve that ends before this must copy before it appends. */
  used: number;
}

export interface Curve {
  readonly buffer: CurveBuffer;
  /** Points. */
  readonly length: number;
}

export interface CurvePoint {
  step: number;
  /** Fractional. */
  epoch: number;
  /** Training time without pauses. */
  seconds: number;
  value: number;
}

export const emptyCurve: Curve = { buffer: { data: new Float64Array(0), used: 0 }, length: 0 };

/** No measurement exceeds this; beyond it, sums and differences of two values would not be finite. */
const largest = 1e30;

/** Points that are not finite, or absurd, are left out: no view has to deal with NaN or Infinity. */
export function appendPoint(curve: Curve, point: CurvePoint): Curve {
  if (![point.value, point.step, point.epoch, point.seconds].every((value) => Math.abs(value) <= largest)) return curve;
  const base = curve.length >= curveCap ? merged(curve) : curve;
  const buffer = base.buffer.used === base.length && base.length * curveStride < base.buffer.data.length ? base.buffer : grown(base);
  buffer.data.set([point.step, point.epoch, point.seconds, point.value], base.length * curveStride);
  buffer.used = base.length + 1;
  return { buffer, length: base.length + 1 };
}

/** @returns the points up to and including `step` */
export function truncateCurve(curve: Curve, step: number): Curve {
  let length = curve.length;
  while (length > 0 && curve.buffer.data[(length - 1) * curveStride] > step) length--;
  return length === curve.length ? curve : { buffer: curve.buffer, length };
}

function pointAt(curve: Curve, index: number): CurvePoint {
  const data = curve.buffer.data;
  const at = index * curveStride;
  return { step: data[at], epoch: data[at + 1], seconds: data[at + 2], value: data[at + 3] };
}

export function lastPoint(curve: Curve): CurvePoint | undefined {
  return curve.length > 0 ? pointAt(curve, curve.length - 1) : undefined;
}

/** @returns the largest value that was ever appended and not taken back; undefined for an empty curve */
export function largestValue(curve: Curve): number | undefined {
  let most: number | undefined;
  for (let index = 0; index < curve.length; index++) {
    const value = curve.buffer.data[index * curveStride + curveField.value];
    if (most === undefined || value > most) most = value;
  }
  return most;
}

/** The curve as plain points, for views that send it elsewhere. */
export function curvePoints(curve: Curve): CurvePoint[] {
  return Array.from({ length: curve.length }, (_, index) => pointAt(curve, index));
}

function grown(curve: Curve): CurveBuffer {
  const room = Math.min(curveCap, Math.max(64, curve.length * 2));
  const data = new Float64Array(room * curveStride);
  data.set(curve.buffer.data.subarray(0, curve.length * curveStride));
  return { data, used: curve.length };
}

/** Of every four points, the smallest and the largest stay, in their order. The first and the last point stay too. */
function merged(curve: Curve): Curve {
  const source = curve.buffer.data;
  const data = new Float64Array(curveCap * curveStride);
  let length = 0;
  const keep = (index: number) => {
    data.set(source.subarray(index * curveStride, (index + 1) * curveStride), length * curveStride);
    length++;
  };
  keep(0);
  for (let start = 1; start < curve.length - 1; start += 4) {
    const end = Math.min(start + 4, curve.length - 1);
    let low = start;
    let high = start;
    for (let index = start + 1; index < end; index++) {
      const value = source[index * curveStride + 3];
      if (value < source[low * curveStride + 3]) low = index;
      if (value > source[high * curveStride + 3]) high = index;
    }
    keep(Math.min(low, high));
    if (low !== high) keep(Math.max(low, high));
  }
  keep(curve.length - 1);
  return { buffer: { data, used: length }, length };
}
