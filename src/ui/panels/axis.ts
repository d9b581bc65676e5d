/** Ranges and tick marks of a chart's axes. */
interface Tick {
  value: number;
  label: string;
}

export interface Axis {
  min: number;
  max: number;
  scale: "linear" | "log";
  ticks: Tick[];
}

/** @returns where the value lies on the axis: 0 at min, 1 at max; may lie outside */
export function axisFraction(axis: Axis, value: number): number {
  if (axis.scale === "log") {
    if (value <= 0) return Number.NEGATIVE_INFINITY;
    return (Math.log(value) - Math.log(axis.min)) / (Math.log(axis.max) - Math.log(axis.min));
  }
  return (value - axis.min) / (axis.max - axis.min);
}

/**
 * An axis over [min, max] with about `count` ticks at round numbers of `unit`. An empty or reversed range is widened.
 */
export function linearAxis(min: number, max: number, count: number, format: (value: number, spacing: number) => string, unit = 1): Axis {
  const [low, high] = widened(min, max);
  const spacing = roundSpacing((high - low) / unit / Math.max(1, count)) * unit;
  const ticks: Tick[] = [];
  for (let index = Math.ceil(low / spacing - 1e-9); index * spacing <= high + spacing * 1e-9 && ticks.length < 50; index++) {
    const value = index * spacing || 0; // never −0
    ticks.push({ value, label: format(value, spacing) });
  }
  return { min: low, max: high, scale: "linear", ticks };
}

/** A logarithmic axis; both ends must be above 0 and are kept at least a factor of 2 apart. */
export function logAxis(min: number, max: number, count: number, format: (value: number, spacing: number) => string): Axis {
  const low = min > 1e-300 && min < 1e300 ? min : 1e-300;
  const high = Math.min(1e300, Math.max(low * 2, max));
  const candidates: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const digit of [1, 2, 5]) candidates.push(digit * 10 ** power);
  }
  const inside = candidates.filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
  const decades = inside.filter((value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9);
  const chosen = inside.length <= Math.max(2, count) || decades.length < 2 ? inside : decades;
  const every = Math.max(1, Math.ceil(chosen.length / Math.max(1, count)));
  const ticks = chosen.filter((_, index) => index % every === 0).map((value) => ({ value, label: format(value, value) }));
  return { min: low, max: high, scale: "log", ticks };
}

/** The number itself with as many digits as the distance of two ticks needs. */
export function tickNumber(value: number, spacing: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(spacing) < 1e-6)) return value.toExponential(0);
  let digits = 0;
  while (digits < 6 && Math.abs(spacing * 10 ** digits - Math.round(spacing * 10 ** digits)) > 1e-6 * spacing * 10 ** digits) digits++;
  return value.toFixed(digits);
}

/** The nearest of 1, 2, 5 and 10 times a power of ten. */
function roundSpacing(spacing: number): number {
  const power = 10 ** Math.floor(Math.log10(spacing));
  const digit = spacing / power;
  return (digit <= 1.5 ? 1 : digit <= 3.5 ? 2 : digit <= 7.5 ? 5 : 10) * power;
}

function widened(min: number, max: number): [number, number] {
  if (!(Number.isFinite(min) && Number.isFinite(max))) return [0, 1];
  if (max > min) return [min, max];
  const margin = Math.abs(min) > 0 ? Math.abs(min) * 0.1 : 1;
  return [min - margin, min + margin];
}
