import type { Field } from "./field.js";
import { findStraightLines, lineInk, type StraightLine, viewed } from "./straight.js";

/**
 * Takes lines out of ink that are printed, not written: rules and squares, which run off the page, and frames, cells and axes, which meet at
 * right angles around something. What a line crosses stays.
 */

/** Parts of the page's shorter side: a line this near to the page's edge ends there; lines this near to each other meet. */
const nearEdge = 0.035;
const nearLine = 0.035;
/** A line may go on behind its joint by this part of its length. */
const overshoot = 0.08;
/** Rules are thinner than this part of the page's shorter side. */
const thickestRule = 0.035;

/** @param onPage whether a place belongs to the page, where it ends within the field */
export function findPrintedLines(ink: Field, onPage?: (x: number, y: number) => boolean): { rules: StraightLine[]; frame: StraightLine[] } {
  const lines = findStraightLines(ink);
  const whole = lines.filter((line) => isRule(ink, line, onPage));
  const parts = lines.filter((line) => !whole.includes(line) && isPartOfRule(ink, line, whole));
  const rules = [...whole, ...parts.map((line) => ({ ...line, start: 0, end: line.first.length - 1 }))];
  const frame = framesAmong(ink, lines, (line) => whole.includes(line) || parts.includes(line)).filter(
    (line) => !whole.includes(line) && !parts.includes(line),
  );
  return { rules, frame };
}

/** @returns the ink without these lines */
export function withoutLines(ink: Field, lines: readonly StraightLine[]): Field {
  const field = { ...ink, data: ink.data.slice() };
  // Where two lines cross, each hides the other's end; the second time one of them is gone.
  for (const _ of [1, 2]) for (const line of lines) erase(field, line);
  for (const line of lines) mend(field, ink, line);
  return field;
}

/** Both ends at the page's edge. */
function isRule(ink: Field, line: StraightLine, onPage?: (x: number, y: number) => boolean): boolean {
  const shorter = Math.min(ink.width, ink.height);
  const near = Math.max(2, nearEdge * shorter);
  const ends = [line.start, line.end].every((a, i) => {
    const outward = i === 0 ? -near : near;
    const [x, y] = placeOf(line, a);
    const [beyondX, beyondY] = line.direction === "across" ? [x + outward, y] : [x, y + outward];
    if (beyondX < 0 || beyondY < 0 || beyondX >= ink.width || beyondY >= ink.height) return true;
    if (Math.min(x, y, ink.width - 1 - x, ink.height - 1 - y) < near) return true;
    return onPage !== undefined && !onPage(Math.round(beyondX), Math.round(beyondY));
  });
  return ends && line.thickness <= Math.max(2, thickestRule * shorter);
}

/** One end at the page's edge, and others of its kind beside it: what lies on it hides the rest. */
function isPartOfRule(ink: Field, line: StraightLine, rules: readonly StraightLine[]): boolean {
  if (!isAtEdge(ink, line, "start") && !isAtEdge(ink, line, "end")) return false;
  const alike = rules.filter(
    (rule) =>
      rule.direction === line.direction &&
      Math.abs(rule.thickness - line.thickness) <= 1 + 0.3 * rule.thickness &&
      Math.abs(slopeOf(rule) - slopeOf(line)) < 0.03,
  );
  return alike.length >= 2;
}

function slopeOf(line: StraightLine): number {
  const along = (a: number) => placeOf(line, a)[line.direction === "across" ? 1 : 0];
  return (along(line.end) - along(line.start)) / (line.end - line.start);
}

/**
 * Lines that end at others, or at the page's edge, with others of their kind: three or more; or two that make a corner, as axes do.
 */
function framesAmong(ink: Field, lines: readonly StraightLine[], isRuled: (line: StraightLine) => boolean): StraightLine[] {
  const near = Math.max(3, nearLine * Math.min(ink.width, ink.height));
  const group = lines.map((_, i) => i);
  const root = (i: number): number => (group[i] === i ? i : root(group[i]));
  const joints: Joint[] = [];
  for (const [i, one] of lines.entries())
    for (const [j, other] of lines.entries()) {
      if (one.direction !== "across" || other.direction !== "down") continue;
      const joint = jointOf(one, other, near + Math.max(one.thickness, other.thickness) / 2);
      if (!joint) continue;
      joints.push(joint);
      group[root(i)] = root(j);
    }
  const endsAt = (line: StraightLine, end: "start" | "end") =>
    joints.some(({ across, down, ends }) => (line === across || line === down) && ends.get(line) === end) || isAtEdge(ink, line, end);
  const held = (line: StraightLine) => isRuled(line) || (endsAt(line, "start") && endsAt(line, "end"));
  return lines.filter((line, i) => {
    const together = lines.filter((__, j) => root(j) === root(i));
    if (together.filter(held).length >= 3) return held(line);
    return (
      together.length === 2 &&
      !together.some(isRuled) &&
      joints.some(({ down, across, ends }) => ends.size === 2 && (down === line || across === line))
    );
  });
}

interface Joint {
  across: StraightLine;
  down: StraightLine;
  /** Which end of each lies there; a line that goes on has none. */
  ends: Map<StraightLine, "start" | "end">;
}

function jointOf(across: StraightLine, down: StraightLine, near: number): Joint | undefined {
  const y = placeOf(across, Math.min(across.end, Math.max(across.start, placeOf(down, middleOf(down))[0])))[1];
  const x = placeOf(down, Math.min(down.end, Math.max(down.start, y)))[0];
  if (x < across.start - near || x > across.end + near || y < down.start - near || y > down.end + near) return undefined;
  const ends = new Map<StraightLine, "start" | "end">();
  for (const [line, at] of [
    [across, x],
    [down, y],
  ] as const) {
    // Ticks and numbers beside an axis can make it seem longer.
    const reach = Math.max(near, overshoot * (line.end - line.start));
    if (Math.abs(at - line.start) <= reach) ends.set(line, "start");
    else if (Math.abs(at - line.end) <= reach) ends.set(line, "end");
  }
  return { across, down, ends };
}

function isAtEdge(ink: Field, line: StraightLine, end: "start" | "end"): boolean {
  const [x, y] = placeOf(line, line[end]);
  return Math.min(x, y, ink.width - 1 - x, ink.height - 1 - y) < Math.max(2, nearEdge * Math.min(ink.width, ink.height));
}

function middleOf({ start, end }: StraightLine): number {
  return (start + end) >> 1;
}

/** @returns where the line is at `a` along its direction, or at the nearest place where it has ink */
function placeOf(line: StraightLine, a: number): [x: number, y: number] {
  let at = Math.round(a);
  for (let step = 0; step < line.first.length; step++) {
    const tried = [at - step, at + step].find((place) => line.first[place] >= 0 && isThin(line, place));
    if (tried === undefined) continue;
    at = tried;
    break;
  }
  const b = (line.first[at] + line.last[at]) / 2;
  return line.direction === "across" ? [Math.round(a), b] : [b, Math.round(a)];
}

function isThin({ first, last, thickness }: StraightLine, a: number): boolean {
  return last[a] - first[a] + 1 <= 1.6 * thickness + 1;
}

/** Erases the line where its ink is as thin as itself; where a stroke crosses it, the ink is thicker. */
function erase(field: Field, line: StraightLine): void {
  const { data, breadth, along, beside } = viewed(field, line.direction);
  const most = Math.max(1.5 * line.thickness + 1, line.thickness + 2);
  let middle = -1;
  for (let a = line.start; a <= line.end; a++) {
    if (line.first[a] >= 0 && isThin(line, a)) middle = Math.round((line.first[a] + line.last[a]) / 2);
    if (middle < 0) continue;
    const at = (b: number) => data[a * along + b * beside];
    let b = middle;
    for (let distance = 0; distance <= 2 && at(b) <= lineInk; distance++)
      b = [middle - distance, middle + distance].find((place) => place >= 0 && place < breadth && at(place) > lineInk) ?? b;
    if (at(b) <= lineInk) continue;
    let [low, high] = [b, b];
    while (low > 0 && high - low <= most && at(low - 1) > lineInk) low--;
    while (high < breadth - 1 && high - low <= most && at(high + 1) > lineInk) high++;
    if (high - low + 1 > most) continue;
    let top = 0;
    for (let place = low; place <= high; place++) top = Math.max(top, at(place));
    // A stroke along the line is darker than a faint line.
    if (top > 1.6 * line.ink + 0.15) continue;
    for (let place = Math.max(0, low - 1); place <= Math.min(breadth - 1, high + 1); place++) data[a * along + place * beside] = 0;
  }
}

/** Gives back what was erased where ink goes on, on both sides of the line. */
function mend(field: Field, before: Field, line: StraightLine): void {
  const view = viewed(field, line.direction);
  const { data, length, breadth, along, beside } = view;
  const reach = Math.ceil(line.thickness / 2 + 2);
  const bridges: [index: number, value: number][] = [];
  for (let a = line.start; a <= line.end; a++) {
    if (line.first[a] < 0 || !isThin(line, a)) continue;
    const middle = Math.round((line.first[a] + line.last[a]) / 2);
    const beyond = (side: -1 | 1) => {
      let top = 0;
      for (let da = -2; da <= 2; da++)
        for (let distance = 0; distance <= 1; distance++) {
          const [x, b] = [a + da, middle + side * (reach + distance)];
          if (x >= 0 && x < length && b >= 0 && b < breadth) top = Math.max(top, data[x * along + b * beside]);
        }
      return top;
    };
    const value = Math.min(beyond(-1), beyond(1));
    if (value < 0.4) continue;
    for (let b = middle - reach; b <= middle + reach; b++)
      if (b >= 0 && b < breadth) {
        const index = a * along + b * beside;
        if (data[index] < value && before.data[index] > data[index]) bridges.push([index, value]);
      }
  }
  for (const [index, value] of bridges) data[index] = value;
}
