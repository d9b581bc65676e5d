import { imageSide as side } from "../util/image-size.js";

/**
 * Tells a 1 with a long upstroke, as much of Europe writes it, from a 7: MNIST has hardly any, and networks trained on it read most steep flags as bars.
 * In a 1 a straight stroke climbs to the stem's top; in a 7 a bar lies on it.
 */

const ink = 0.5;
/** Pixels that a straight stroke's middle may lie off its line. */
const straight = 0.8;
/** The upstroke climbs at least this many pixels for each to the right, the stem goes at most this many aside for each down. */
const leastClimb = 0.5;
const mostLean = 0.42;
const leastFall = 5;

/** @param pixels [784] framed as MNIST's @returns whether it is one upstroke and one stem that meet in a peak */
export function hasLongUpstroke(pixels: Float32Array): boolean {
  const rows = Array.from({ length: side }, (_, y) => runsOf(pixels, y * side, 1));
  const top = rows.findIndex((runs) => runs.length > 0);
  const bottom = side - 1 - [...rows].reverse().findIndex((runs) => runs.length > 0);
  if (top < 0 || bottom - top < 14) return false;
  const half = Math.round((top + bottom) / 2) + 1;
  const stemRows = rows.slice(half, bottom).map((runs, i) => ({ runs, y: half + i }));
  // The upstroke may reach into the lower half by a few rows.
  if (stemRows.some(({ runs }, i) => runs.length === 0 || (runs.length > 1 && i > 2))) return false;
  const stem = lineThrough(stemRows.map(({ runs, y }) => [y, runs[runs.length - 1].middle]));
  if (!stem || Math.abs(stem.slope) > mostLean || stem.off > straight) return false;
  const width = stemRows.reduce((sum, { runs }) => sum + runs[runs.length - 1].length, 0) / stemRows.length;
  // The peak is the stem's own top.
  const peak = rows[top][rows[top].length - 1].middle;
  if (rows[top].length !== 1 || Math.abs(peak - stem.at(top)) > 1 + width / 2) return false;
  const flag: [x: number, y: number][] = [];
  for (let x = 0; x < peak - width / 2; x++) {
    const limit = Array.from({ length: half + 3 }, (_, y) => (x < stem.at(y) - width / 2 - 0.5 ? pixels[y * side + x] : 0));
    const runs = runsOf(Float32Array.from(limit), 0, 1, limit.length);
    if (runs.length > 1) return false;
    if (runs.length === 1) flag.push([x, runs[0].middle]);
  }
  if (flag.length < 4) return false;
  const upstroke = lineThrough(flag.slice(1));
  return upstroke !== undefined && -upstroke.slope >= leastClimb && upstroke.off <= straight && flag[0][1] - top >= leastFall;
}

interface Run {
  middle: number;
  length: number;
}

function runsOf(pixels: Float32Array, start: number, step: number, length = side): Run[] {
  const runs: Run[] = [];
  for (let i = 0, run = 0; i <= length; i++) {
    if (i < length && pixels[start + i * step] > ink) run++;
    else if (run > 0) {
      runs.push({ middle: i - (run + 1) / 2, length: run });
      run = 0;
    }
  }
  return runs;
}

/** Least squares. @returns undefined for fewer than three points; `off` is the largest distance */
function lineThrough(points: readonly (readonly [t: number, value: number])[]) {
  if (points.length < 3) return undefined;
  const mean = (of: (point: readonly [number, number]) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [mt, mv] = [mean(([t]) => t), mean(([, value]) => value)];
  const slope = mean(([t, value]) => (t - mt) * (value - mv)) / mean(([t]) => (t - mt) ** 2);
  const at = (t: number) => mv + slope * (t - mt);
  return { slope, at, off: Math.max(...points.map(([t, value]) => Math.abs(value - at(t)))) };
}
