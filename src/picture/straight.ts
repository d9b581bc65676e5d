import { type Field, shrink } from "./field.js";

/** Finds long, straight, thin lines in ink: the rules of paper, frames, cells, axes. Which of them are no part of a digit is for lines.ts to say. */

type Direction = "across" | "down";

export interface StraightLine {
  direction: Direction;
  /** Along the direction, in pixels of the field: first and last. */
  start: number;
  end: number;
  /** Its width where nothing crosses it, and its median ink. */
  thickness: number;
  ink: number;
  /** Its run of ink at every place from start to end: first pixel beside the direction and last, or −1 where there is none. */
  first: Int16Array;
  last: Int16Array;
}

/** Ink above this may belong to a line: fainter than a stroke's. */
export const lineInk = 0.12;
/** Side of the small copy on which lines are looked for; the field itself is followed along what is found. */
const smallSide = 360;
/** Turned by up to 22°. */
const steepest = 0.4;
/** Parts of the picture's width or height. */
const shortest = 0.3;
const longestGap = 0.03;
const leastVotes = 0.18;
/** Part of the shorter side. */
const thickest = 0.06;
/** Parts of a line's length: where there is ink at all, and where it is as thin as the line, not crossed by something. */
const leastCovered = 0.75;
const leastThin = 0.35;
/** It is this many times as long as thick, but for its blurred edge; handwriting's strokes are 7 to 16 times. */
const shapeliest = 12;
/** How far its middle may lie off a straight line, as a part of its length. */
const bend = 0.003;
const mostLines = 60;
/** Thick strokes get votes too: when so many in a row were no lines, there are no more. */
const mostVain = 10;

/** @returns lines in both directions */
export function findStraightLines(ink: Field): StraightLine[] {
  const small = shrink(ink, smallSide);
  return [...linesAlong(ink, small, "across"), ...linesAlong(ink, small, "down")];
}

/** A field seen along one direction. */
interface View {
  data: Float32Array;
  length: number;
  breadth: number;
  along: number;
  beside: number;
}

export function viewed({ width, height, data }: Field, direction: Direction): View {
  return direction === "across"
    ? { data, length: width, breadth: height, along: 1, beside: width }
    : { data, length: height, breadth: width, along: width, beside: 1 };
}

function linesAlong(ink: Field, small: Field, direction: Direction): StraightLine[] {
  const view = viewed(ink, direction);
  const mostThick = thickest * Math.min(ink.width, ink.height) + 1.5;
  const narrow = viewed(small, direction);
  const scale = view.length / narrow.length;
  const votes = new Votes(narrow, Math.max(3, mostThick / scale + 1));
  const lines: StraightLine[] = [];
  for (let vain = 0; vain < mostVain && lines.length < mostLines; ) {
    const peak = votes.peak();
    if (!peak || peak.count < leastVotes * votes.length) break;
    const line = follow(view, direction, peak, scale, mostThick);
    vain = line ? 0 : vain + 1;
    if (line) lines.push(line);
    votes.remove(peak, line ? line.thickness / scale / 2 + 1.5 : 1.5);
  }
  return lines;
}

interface Peak {
  slope: number;
  /** Beside the direction, in the middle of the length. */
  offset: number;
  count: number;
}

/** Hough's transform for slopes up to `steepest`: the middle of every run of ink beside the direction votes for all lines through it. */
class Votes {
  readonly length: number;
  private readonly slopes: number;
  private readonly offsets: number;
  private readonly counts: Int32Array;
  /** The runs that still vote: places along and beside the direction. */
  private readonly t: Float32Array;
  private readonly q: Float32Array;
  private left = 0;

  /** @param widest runs of ink beside the direction that are wider are no lines */
  constructor({ data, length, breadth, along, beside }: View, widest: number) {
    this.length = length;
    this.slopes = 2 * Math.ceil((steepest * length) / 2) + 1;
    this.offsets = breadth + Math.ceil(steepest * length) + 2;
    this.counts = new Int32Array(this.slopes * this.offsets);
    this.t = new Float32Array(data.length);
    this.q = new Float32Array(data.length);
    const shift = (steepest * length) / 2 + 0.5;
    for (let a = 0; a < length; a++)
      for (let b = 0, run = 0; b <= breadth; b++) {
        if (b < breadth && data[a * along + b * beside] > lineInk) run++;
        else if (run > 0) {
          if (run <= widest) {
            this.t[this.left] = a - length / 2;
            this.q[this.left++] = b - (run + 1) / 2 + shift;
          }
          run = 0;
        }
      }
    this.vote(this.t, this.q, this.left, 1);
  }

  private slopeOf(index: number): number {
    return ((2 * index) / (this.slopes - 1) - 1) * steepest;
  }

  private vote(t: Float32Array, q: Float32Array, length: number, weight: number): void {
    const { counts, offsets, slopes } = this;
    for (let s = 0; s < slopes; s++) {
      const slope = this.slopeOf(s);
      const row = s * offsets;
      for (let i = 0; i < length; i++) counts[row + ((q[i] - slope * t[i]) | 0)] += weight;
    }
  }

  peak(): Peak | undefined {
    let best = 0;
    for (let i = 0; i < this.counts.length; i++) if (this.counts[i] > this.counts[best]) best = i;
    const count = this.counts[best];
    if (count === 0) return undefined;
    return { slope: this.slopeOf(Math.floor(best / this.offsets)), offset: (best % this.offsets) - (steepest * this.length) / 2, count };
  }

  /** Takes back the votes of the runs within `reach` of the line. */
  remove({ slope, offset }: Peak, reach: number): void {
    const { t, q } = this;
    const middle = offset + (steepest * this.length) / 2 + 0.5;
    const [goneT, goneQ] = [new Float32Array(this.left), new Float32Array(this.left)];
    let [gone, stay] = [0, 0];
    for (let i = 0; i < this.left; i++)
      if (Math.abs(q[i] - slope * t[i] - middle) <= reach) {
        goneT[gone] = t[i];
        goneQ[gone++] = q[i];
      } else {
        t[stay] = t[i];
        q[stay++] = q[i];
      }
    this.left = stay;
    this.vote(goneT, goneQ, gone, -1);
  }
}

/** Follows the ink along a line, which may drift a little where it is thin. @returns undefined where it is no thin line */
function follow(view: View, direction: Direction, peak: Peak, scale: number, mostThick: number): StraightLine | undefined {
  const rough = trace(view, peak, scale, mostThick, mostThick, 0);
  const expected = usual(widthsOf(rough, 0, view.length - 1));
  const { first, last } = trace(view, peak, scale, mostThick, 1.6 * expected + 1, 0.1);
  const extent = longestStretch(first, Math.max(4, longestGap * view.length));
  const length = extent.end - extent.start + 1;
  if (length < shortest * view.length) return undefined;
  const widths = widthsOf({ first, last }, extent.start, extent.end);
  const thickness = usual(widths);
  const thin = widths.filter((width) => width <= 1.6 * thickness + 1).length;
  if (thickness > Math.min(mostThick, length / shapeliest + 1) || widths.length < leastCovered * length || thin < leastThin * widths.length)
    return undefined;
  const line = { direction, ...extent, thickness, ink: 0, first, last };
  return isStraight(line) ? { ...line, ink: inkAlong(view, line) } : undefined;
}

interface Trace {
  first: Int16Array;
  last: Int16Array;
}

/** @param drifting part of the distance from runs up to `most` wide by which the line comes nearer to them */
function trace(view: View, peak: Peak, scale: number, mostThick: number, most: number, drifting: number): Trace {
  const { data, length, breadth, along, beside } = view;
  const first = new Int16Array(length).fill(-1);
  const last = new Int16Array(length).fill(-1);
  const reach = Math.ceil(Math.max(2, 1.5 * scale));
  const inked = (a: number, b: number) => b >= 0 && b < breadth && data[a * along + b * beside] > lineInk;
  const limit = Math.ceil(3 * mostThick);
  let drift = 0;
  for (let a = 0; a < length; a++) {
    const expected = peak.offset * scale + peak.slope * (a - length / 2) + scale / 2 - 0.5 + drift;
    const middle = Math.round(expected);
    let b = -1;
    for (let distance = 0; distance <= reach && b < 0; distance++) {
      if (inked(a, middle - distance)) b = middle - distance;
      else if (inked(a, middle + distance)) b = middle + distance;
    }
    if (b < 0) continue;
    let [low, high] = [b, b];
    while (b - low < limit && inked(a, low - 1)) low--;
    while (high - b < limit && inked(a, high + 1)) high++;
    first[a] = low;
    last[a] = high;
    if (high - low + 1 <= most) drift += Math.min(0.5, Math.max(-0.5, drifting * ((low + high) / 2 - expected)));
  }
  return { first, last };
}

function widthsOf({ first, last }: Trace, start: number, end: number): number[] {
  const widths: number[] = [];
  for (let a = start; a <= end; a++) if (first[a] >= 0) widths.push(last[a] - first[a] + 1);
  return widths;
}

/** Whether the middles of its thin runs lie on a line; paper bends a little, strokes bend more. */
function isStraight({ start, end, first, last, thickness }: StraightLine): boolean {
  const points: [a: number, b: number][] = [];
  for (let a = start; a <= end; a++)
    if (first[a] >= 0 && last[a] - first[a] + 1 <= 1.6 * thickness + 1) points.push([a, (first[a] + last[a]) / 2]);
  const mean = (of: (point: [number, number]) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [ma, mb] = [mean(([a]) => a), mean(([, b]) => b)];
  const slope =
    mean(([a, b]) => (a - ma) * (b - mb)) /
    Math.max(
      1e-9,
      mean(([a]) => (a - ma) ** 2),
    );
  const off = points.map(([a, b]) => Math.abs(b - mb - slope * (a - ma))).sort((one, other) => one - other);
  return off[Math.floor(0.9 * off.length)] <= 1 + bend * (end - start);
}

/** The median of its darkest ink at every place. */
function inkAlong({ data, along, beside }: View, { start, end, first, last }: StraightLine): number {
  const inks: number[] = [];
  for (let a = start; a <= end; a++) {
    if (first[a] < 0) continue;
    let top = 0;
    for (let b = first[a]; b <= last[a]; b++) top = Math.max(top, data[a * along + b * beside]);
    inks.push(top);
  }
  return median(inks);
}

/** @returns the longest stretch without a gap longer than `most` */
function longestStretch(first: Int16Array, most: number): { start: number; end: number } {
  let best = { start: 0, end: -1 };
  let current = { start: 0, end: -1 };
  let ended = Number.NEGATIVE_INFINITY;
  for (let a = 0; a < first.length; a++) {
    if (first[a] < 0) continue;
    current = a - ended > most + 1 ? { start: a, end: a } : { start: current.start, end: a };
    ended = a;
    if (current.end - current.start > best.end - best.start) best = current;
  }
  return best;
}

/** @returns the width where nothing lies on the line: a digit may hide half of it */
function usual(widths: readonly number[]): number {
  return [...widths].sort((one, other) => one - other)[Math.floor(0.35 * widths.length)] ?? 0;
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;
}
