import type { Component, Labelled } from "./components.js";
import type { Field } from "./field.js";
import type { Group } from "./groups.js";
import type { StraightLine } from "./straight.js";

/**
 * Tells strokes from what is ink on blank paper only because nothing darker is there: dark corners, grain, texture, remains of rules. A
 * single threshold cannot: the network is sure of most of these.
 */

/** Of the page's shorter side. */
const leastSize = 0.035;
/** A stroke is nearly as dark as its darkest part but for its edge: this part of its pixels, at least; shadows and texture have all shades. */
const dark = 0.75;
const leastDark = 0.3;
/** A thin, faint digit beside a clear one. */
const leastDarkBeside = 0.1;
/** Part of all ink on the page that the digits have. */
const leastShare = 0.45;
/** Pixels at the page's border as a part of the box's width and height: shadows lie along it, a digit that is cut touches it. */
const mostContact = 0.5;
/** With this much contact it has to be as clean as a digit that was cut out. */
const someContact = 0.2;
const cleanlyDark = 0.65;
/** Part of the ink that lies where lines were. */
const mostRemains = 0.7;

/** @returns the groups that are strokes; none where the page is blank */
export function drawnOnly(
  field: Field,
  { labels, components }: Labelled,
  groups: readonly Group[],
  lines: readonly StraightLine[],
): Group[] {
  const total = components.reduce((sum, { ink }) => sum + ink, 0);
  if (groups.reduce((sum, { ink }) => sum + ink, 0) < leastShare * total) return [];
  const shorter = Math.min(field.width, field.height);
  const printed = lines.length > 0 ? bandsOf(field, lines) : undefined;
  const drawn = (group: Group, least: number) => {
    const { box, members } = group;
    const [width, height] = [box.right - box.left, box.bottom - box.top];
    if (Math.max(width, height) < Math.max(4, leastSize * shorter)) return false;
    const contact = members.reduce((sum, member) => sum + member.contact, 0);
    if (contact > mostContact * (width + height) || (contact > 0 && lines.length > 1)) return false;
    const { darkPart, onLines } = shadesOf(field, labels, members, printed);
    if (contact > someContact * (width + height) && darkPart < cleanlyDark) return false;
    return darkPart >= least && onLines <= mostRemains;
  };
  const surely = groups.filter((group) => drawn(group, leastDark));
  const ink = Math.max(0, ...surely.map((group) => group.ink));
  return groups.filter((group) => surely.includes(group) || (group.ink < ink && drawn(group, leastDarkBeside)));
}

function shadesOf({ width, data }: Field, labels: Int32Array, members: readonly Component[], printed?: Uint8Array) {
  let [pixels, darkPixels, linePixels, darkest] = [0, 0, 0, 0];
  for (const { label, box } of members)
    for (let y = box.top; y < box.bottom; y++)
      for (let x = box.left; x < box.right; x++) if (labels[y * width + x] === label) darkest = Math.max(darkest, data[y * width + x]);
  for (const { label, box } of members)
    for (let y = box.top; y < box.bottom; y++)
      for (let x = box.left; x < box.right; x++) {
        const i = y * width + x;
        if (labels[i] !== label) continue;
        pixels++;
        if (data[i] > dark * darkest) darkPixels++;
        if (printed?.[i]) linePixels++;
      }
  return { darkPart: darkPixels / pixels, onLines: linePixels / pixels };
}

/** @returns [height × width] 1 on the lines and next to them */
function bandsOf({ width, height, data }: Field, lines: readonly StraightLine[]): Uint8Array {
  const bands = new Uint8Array(data.length);
  for (const { direction, start, end, thickness, first, last } of lines) {
    const reach = Math.ceil(thickness / 2 + 2);
    const [breadth, along, beside] = direction === "across" ? [height, 1, width] : [width, width, 1];
    let middle = -1;
    for (let a = start; a <= end; a++) {
      if (first[a] >= 0 && last[a] - first[a] + 1 <= 1.6 * thickness + 1) middle = Math.round((first[a] + last[a]) / 2);
      if (middle < 0) continue;
      for (let b = Math.max(0, middle - reach); b <= Math.min(breadth - 1, middle + reach); b++) bands[a * along + b * beside] = 1;
    }
  }
  return bands;
}
