import { around, type Component } from "./components.js";
import type { Box } from "./field.js";

/** Which pieces of ink make one digit, and which none: specks, a plot's numbers, shadows, the table beside the sheet. */

export interface Group {
  members: Component[];
  box: Box;
  ink: number;
  /** Where it may as well be two digits that stand close: those, from left to right. */
  parts?: Group[];
}

/** A piece touching the picture's border counts this much against one that does not: it is likelier to be the sheet's edge. */
const borderPenalty = 0.1;
/** A piece belongs to a digit from this part of its ink on, and up to this distance as a part of its size. */
const leastPart = 0.02;
const farthestPart = 0.3;
/** A digit beside another is at least this high, as a part of the highest, and has this much of its ink. */
const leastHeight = 0.45;
const leastInk = 0.12;
/** Of the height: digits stand farther apart than this, strokes of one digit nearer; between, the network decides. */
const apart = 0.16;

/** @returns the page's digits from left to right; none where there is no ink */
export function groupDigits(components: readonly Component[]): Group[] {
  const weight = ({ ink, contact }: Component) => ink * (contact > 0 ? borderPenalty : 1);
  const main = components.reduce<Component | undefined>((best, next) => (best && weight(best) >= weight(next) ? best : next), undefined);
  if (!main) return [];
  const pieces = components.filter(
    (piece) => piece === main || (piece.ink >= leastPart * main.ink && (main.contact > 0 || piece.contact === 0)),
  );
  const height = Math.max(...pieces.filter((piece) => piece.ink >= leastInk * main.ink).map(heightOf));
  const stacked = joined(pieces, (one, other) => areOneDigit(one, other, height));
  const digits = stacked.filter(
    (group) => heightOf(group) >= leastHeight * Math.max(...stacked.map(heightOf)) && group.ink >= leastInk * main.ink,
  );
  const specks = stacked.filter((group) => !digits.includes(group));
  for (const speck of specks) {
    const nearest = digits.reduce((best, digit) => (gap(digit.box, speck.box) < gap(best.box, speck.box) ? digit : best));
    if (gap(nearest.box, speck.box) <= farthestPart * sizeOf(nearest.box)) nearest.members.push(...speck.members);
  }
  const whole = digits.map(({ members }) => groupOf(members)).sort((one, other) => one.box.left - other.box.left);
  return closeOnesJoined(whole, height);
}

/** Pieces above each other, or grown together. */
function areOneDigit(one: Component, other: Component, height: number): boolean {
  const beside = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
  const narrower = Math.min(widthOf(one), widthOf(other));
  const between = Math.max(0, one.box.top - other.box.bottom, other.box.top - one.box.bottom);
  const twoRows = Math.min(heightOf(one), heightOf(other)) > 0.75 * height && between > 0;
  return beside > 0.3 * narrower && between <= farthestPart * height && !twoRows;
}

/** Neighbours nearer than digits stand are one digit of two strokes, or two: both ways are told. */
function closeOnesJoined(groups: readonly Group[], height: number): Group[] {
  const joinedGroups: Group[] = [];
  for (const group of groups) {
    const last = joinedGroups.at(-1);
    if (last && group.box.left - last.box.right < apart * height && (last.parts?.length ?? 1) < 2) {
      const whole = groupOf([...last.members, ...group.members]);
      // Pieces of one slanting stroke lie below each other; two digits stand side by side.
      const beside = Math.min(last.box.bottom, group.box.bottom) - Math.max(last.box.top, group.box.top);
      const sideBySide = beside > 0.5 * Math.min(heightOf(last), heightOf(group));
      joinedGroups[joinedGroups.length - 1] = sideBySide ? { ...whole, parts: [last, group] } : whole;
    } else joinedGroups.push(group);
  }
  return joinedGroups;
}

function joined(pieces: readonly Component[], together: (one: Component, other: Component) => boolean): Group[] {
  const root = pieces.map((_, i) => i);
  const find = (i: number): number => (root[i] === i ? i : find(root[i]));
  for (let i = 0; i < pieces.length; i++) for (let j = 0; j < i; j++) if (together(pieces[i], pieces[j])) root[find(i)] = find(j);
  return pieces
    .map((_, i) => pieces.filter((__, j) => find(j) === i))
    .filter((members) => members.length > 0)
    .map(groupOf);
}

function groupOf(members: Component[]): Group {
  return { members, box: around(members.map(({ box }) => box)), ink: members.reduce((sum, { ink }) => sum + ink, 0) };
}

function widthOf({ box }: { box: Box }): number {
  return box.right - box.left;
}

function heightOf({ box }: { box: Box }): number {
  return box.bottom - box.top;
}

function sizeOf(box: Box): number {
  return Math.max(box.right - box.left, box.bottom - box.top);
}

function gap(a: Box, b: Box): number {
  const dx = Math.max(0, a.left - b.right, b.left - a.right);
  const dy = Math.max(0, a.top - b.bottom, b.top - a.bottom);
  return Math.max(dx, dy);
}
