import { type Box, type Field, quantile, sampleBilinear, shrink } from "./field.js";
import { convexHull, type Point, withoutFlatCorners } from "./hull.js";

/**
 * Finds a sheet of paper on a desk, a white page within a dark edge, or the dark area of a plot: a large region with straight sides that
 * differs sharply from what lies around it. What lies outside must not count as ink.
 */

export interface Sheet {
  /** Where its inside lies in the field. */
  box: Box;
  /** @returns whether the pixel at (x, y) of the field lies within, off the sheet's very edge */
  holds(x: number, y: number): boolean;
  /** Whether all of the box lies within. */
  upright: boolean;
  /** By how many degrees its sides are turned clockwise, within ±45. */
  turn: number;
}

/** Side of the small copy on which it is looked for. */
const smallSide = 128;
const levels = 9;
/** Parts of the picture's area: smaller regions are no sheets. */
const leastArea = 0.06;
/** Its area as a part of its convex hull's, holes filled: digits and other inks on it make holes. */
const leastSolidity = 0.92;
/** The four longest sides make up this part of the outline within the picture; a round shape's do not. */
const leastStraight = 0.82;
/**
 * Difference of brightness across its outline, at all but a quarter of it; it rises within three pixels of the small copy, and most of it is still there
 * farther outside: else it is but a line.
 */
const leastContrast = 0.07;
const leastSharpness = 0.6;
const leastBeyond = 0.5;
/** Area as a part of the square over its diagonal, 0.3 where it is three times as long as wide: a 1 is longer. */
const leastShape = 0.27;
/** Part of the picture's shorter side. */
const narrowest = 0.18;
/** What crosses its edge (a digit half in a shadow) makes a notch; in pixels of the small copy. */
const deepestNotch = 4;
/** The edge itself is blurred, and may have a shadow: in pixels of the small copy. */
const margin = 1.6;
const mostSheets = 3;

interface Region {
  /** [height × width] 1 within, holes filled */
  mask: Uint8Array;
  area: number;
}

interface Candidate {
  corners: Point[];
  score: number;
}

/** @returns the likeliest first */
export function findSheets(light: Field): Sheet[] {
  if (Math.min(light.width, light.height) < 32) return [];
  const small = shrink(light, smallSide);
  const [low, high] = [quantile(small.data, 0.02), quantile(small.data, 0.98)];
  const candidates: Candidate[] = [];
  if (high - low < leastContrast) return [];
  for (let level = 1; level < levels; level++) {
    const threshold = low + ((high - low) * level) / levels;
    for (const sign of [1, -1] as const)
      for (const region of regions(small, threshold, sign)) {
        const candidate = asSheet(small, region, sign);
        if (candidate) candidates.push(candidate);
      }
  }
  candidates.sort((one, other) => other.score - one.score);
  const sheets: Sheet[] = [];
  for (const { corners } of candidates) {
    const sheet = asPlace(corners, light, light.width / small.width);
    if (sheets.length < mostSheets && !sheets.some((known) => alike(known.box, sheet.box))) sheets.push(sheet);
  }
  return sheets;
}

/** Connected regions brighter (sign 1) or darker (−1) than the threshold, with their holes filled. */
function regions({ width, height, data }: Field, threshold: number, sign: 1 | -1): Region[] {
  const labels = new Int32Array(data.length);
  const stack: number[] = [];
  const found: Region[] = [];
  const within = (i: number) => sign * (data[i] - threshold) > 0;
  for (let seed = 0, label = 0; seed < data.length; seed++) {
    if (labels[seed] !== 0 || !within(seed)) continue;
    label++;
    let [count, onBorder] = [0, 0];
    labels[seed] = label;
    stack.push(seed);
    for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
      count++;
      const x = i % width;
      if (x === 0 || x === width - 1 || i < width || i + width >= data.length) onBorder++;
      if (x > 0 && labels[i - 1] === 0 && within(i - 1)) stack.push(mark(i - 1));
      if (x < width - 1 && labels[i + 1] === 0 && within(i + 1)) stack.push(mark(i + 1));
      if (i >= width && labels[i - width] === 0 && within(i - width)) stack.push(mark(i - width));
      if (i + width < data.length && labels[i + width] === 0 && within(i + width)) stack.push(mark(i + width));
    }
    // What has the whole border is the whole picture once its holes are filled.
    const whole = onBorder > 0.995 * 2 * (width + height - 2);
    if (count >= leastArea * data.length * 0.6 && !whole) found.push(filled(labels, label, width, height));
    function mark(i: number): number {
      labels[i] = label;
      return i;
    }
  }
  return found.filter(({ area }) => area >= leastArea * data.length && area < 0.995 * data.length);
}

/** The label's pixels and all that cannot be reached from the picture's edge without crossing them. */
function filled(labels: Int32Array, label: number, width: number, height: number): Region {
  const mask = new Uint8Array(labels.length).fill(1);
  const stack: number[] = [];
  const reach = (i: number) => {
    if (mask[i] === 0 || labels[i] === label) return;
    mask[i] = 0;
    stack.push(i);
  };
  for (let x = 0; x < width; x++) for (const i of [x, (height - 1) * width + x]) reach(i);
  for (let y = 0; y < height; y++) for (const i of [y * width, y * width + width - 1]) reach(i);
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
    const x = i % width;
    if (x > 0) reach(i - 1);
    if (x < width - 1) reach(i + 1);
    if (i >= width) reach(i - width);
    if (i + width < labels.length) reach(i + width);
  }
  return { mask, area: mask.reduce((sum, value) => sum + value, 0) };
}

/** @returns undefined where the region is round, ragged, or fades into its surroundings */
function asSheet(small: Field, { mask, area }: Region, sign: 1 | -1): Candidate | undefined {
  const { width, height } = small;
  const hull = convexHull(outlinePoints(mask, width, height));
  const corners = withoutFlatCorners(hull, 1.2);
  if (corners.length < 3 || area < leastSolidity * polygonArea(corners)) return undefined;
  const extent = (of: (point: Point) => number) => Math.max(...corners.map(of)) - Math.min(...corners.map(of));
  if (
    Math.min(
      extent(({ x }) => x),
      extent(({ y }) => y),
    ) <
    narrowest * Math.min(width, height)
  )
    return undefined;
  const diagonal = Math.max(...corners.flatMap((one) => corners.map((other) => Math.hypot(one.x - other.x, one.y - other.y))));
  if (area < leastShape * diagonal ** 2) return undefined;
  const sides = sidesOf(corners, width, height);
  const free = sides.filter(({ onBorder }) => !onBorder);
  const length = free.reduce((sum, side) => sum + side.length, 0);
  const longest = free
    .map((side) => side.length)
    .sort((one, other) => other - one)
    .slice(0, 4)
    .reduce((sum, value) => sum + value, 0);
  if (length < 0.5 * Math.min(width, height) || longest < leastStraight * length) return undefined;
  const near: number[] = [];
  const far: number[] = [];
  for (const { from, length: long, along, inward } of free) {
    let depth = 0;
    for (let t = Math.min(2, long / 4); t <= long - Math.min(2, long / 4); t++) {
      const [x, y] = [from.x + along.x * t - 0.5, from.y + along.y * t - 0.5];
      const at = (distance: number) => sampleBilinear(small, x + inward.x * distance, y + inward.y * distance);
      near.push(sign * (at(1.7) - at(-1.3)));
      far.push(sign * (at(5) - at(-4)));
      for (depth = 0; depth <= deepestNotch; depth++) {
        const [mx, my] = [Math.floor(x + 0.5 + inward.x * (depth + 0.7)), Math.floor(y + 0.5 + inward.y * (depth + 0.7))];
        if (mx < 0 || my < 0 || mx >= width || my >= height || mask[my * width + mx]) break;
      }
      if (depth > deepestNotch) return undefined;
    }
  }
  const contrast = quantile(Float32Array.from(near), 0.25);
  const beyond = quantile(Float32Array.from(far), 0.25);
  const sharpness = quantile(Float32Array.from(near), 0.5) / Math.max(1e-6, quantile(Float32Array.from(far), 0.5));
  if (contrast < leastContrast || beyond < leastBeyond * contrast || sharpness < leastSharpness) return undefined;
  // Where the desk is but a strip, it is seen at some levels only: the outline with more of it is the truer one.
  const perimeter = sides.reduce((sum, side) => sum + side.length, 0);
  return { corners, score: contrast * Math.sqrt(area / mask.length) * (1 + length / perimeter) };
}

/** The ends of every row's pixels. */
function outlinePoints(mask: Uint8Array, width: number, height: number): Point[] {
  const points: Point[] = [];
  for (let y = 0; y < height; y++) {
    const [first, last] = [mask.indexOf(1, y * width) - y * width, mask.lastIndexOf(1, (y + 1) * width - 1) - y * width];
    if (first < 0 || first >= width || last < 0) continue;
    for (const x of [first, last + 1]) points.push({ x, y }, { x, y: y + 1 });
  }
  return points;
}

interface Side {
  from: Point;
  length: number;
  /** Unit vectors. */
  along: Point;
  inward: Point;
  /** On the picture's own edge. */
  onBorder: boolean;
}

/** @param corners clockwise on the screen */
function sidesOf(corners: readonly Point[], width: number, height: number): Side[] {
  return corners.map((from, i) => {
    const to = corners[(i + 1) % corners.length];
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
    const both = (least: (point: Point) => number) => Math.max(least(from), least(to)) < 0.8;
    const onBorder = both(({ x }) => x) || both(({ y }) => y) || both(({ x }) => width - x) || both(({ y }) => height - y);
    return { from, length, along, inward: { x: -along.y, y: along.x }, onBorder };
  });
}

function polygonArea(corners: readonly Point[]): number {
  return Math.abs(
    corners.reduce((sum, { x, y }, i) => {
      const next = corners[(i + 1) % corners.length];
      return sum + (x * next.y - next.x * y) / 2;
    }, 0),
  );
}

function asPlace(corners: readonly Point[], { width, height }: Field, scale: number): Sheet {
  const scaled = corners.map(({ x, y }) => ({ x: x * scale, y: y * scale }));
  const free = sidesOf(corners, width / scale, height / scale)
    .map((side, i) => ({ ...side, from: scaled[i] }))
    .filter(({ onBorder }) => !onBorder);
  const edge = margin * Math.max(1, scale);
  const holds = (x: number, y: number) =>
    free.every(({ from, inward }) => (x + 0.5 - from.x) * inward.x + (y + 0.5 - from.y) * inward.y >= edge);
  const [xs, ys] = [scaled.map(({ x }) => x), scaled.map(({ y }) => y)];
  const box = {
    left: Math.max(0, Math.floor(Math.min(...xs))),
    top: Math.max(0, Math.floor(Math.min(...ys))),
    right: Math.min(width, Math.ceil(Math.max(...xs))),
    bottom: Math.min(height, Math.ceil(Math.max(...ys))),
  };
  tighten(box, holds);
  const longest = free.reduce((best, side) => (side.length > best.length ? side : best));
  const angle = (Math.atan2(longest.along.y, longest.along.x) * 180) / Math.PI;
  const upright = [box.left, box.right - 1].every((x) => [box.top, box.bottom - 1].every((y) => holds(x, y)));
  return { box, holds, upright, turn: angle - 90 * Math.round(angle / 90) };
}

/** Moves the box's sides inward until each touches something that the sheet holds. */
function tighten(box: Box, holds: (x: number, y: number) => boolean): void {
  const row = (y: number) => {
    for (let x = box.left; x < box.right; x++) if (holds(x, y)) return true;
    return false;
  };
  const column = (x: number) => {
    for (let y = box.top; y < box.bottom; y++) if (holds(x, y)) return true;
    return false;
  };
  while (box.top < box.bottom - 1 && !row(box.top)) box.top++;
  while (box.bottom > box.top + 1 && !row(box.bottom - 1)) box.bottom--;
  while (box.left < box.right - 1 && !column(box.left)) box.left++;
  while (box.right > box.left + 1 && !column(box.right - 1)) box.right--;
}

function alike(one: Box, other: Box): boolean {
  const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  const area = ({ left, top, right, bottom }: Box) => (right - left) * (bottom - top);
  const common = Math.max(0, width) * Math.max(0, height);
  return common > 0.8 * (area(one) + area(other) - common);
}
