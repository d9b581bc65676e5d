import { type Component, inkOf, type Labelled, labelInk } from "./components.js";
import { drawnOnly } from "./drawn.js";
import type { Box, Field } from "./field.js";
import { frameDigit } from "./framing.js";
import { type Group, groupDigits } from "./groups.js";
import { findInk, type Ink, type PaperWindow, type Polarity } from "./ink.js";
import { findPrintedLines, withoutLines } from "./lines.js";
import { cutOut, type Page, wholePicture } from "./page.js";
import { findSheets } from "./sheet.js";
import type { StraightLine } from "./straight.js";
import { turnedBy } from "./turning.js";

/** From a picture's brightness to the digits on it. */

export interface FoundDigit {
  /** [784] 0 background … 1 ink */
  pixels: Float32Array;
  /** The same ink turned upright, where the sheet is turned: [784] each. */
  others: Float32Array[];
  /** In pixels of the field. */
  box: Box;
  strokes: "kept" | "thickened" | "thinned";
  /** Where it may as well be two digits: those. */
  parts?: FoundDigit[];
}

interface FoundPage {
  polarity: Polarity;
  /** From left to right; at least one. */
  digits: FoundDigit[];
  /** What was left out, for people. */
  steps: string[];
}

/** Of one picture; each costs the network as much as a picture of its own. */
const mostDigits = 24;
/** Sheets turned by less are read as they lie, in degrees. */
const leastTurn = 4;
/** What is left within a frame is at least this large, as a part of the frame. */
const leastContent = 0.12;

/** @returns undefined where nothing is drawn */
export function findDigits(light: Field): FoundPage | undefined {
  for (const sheet of findSheets(light)) {
    const found = readPage(cutOut(light, sheet));
    if (!found) continue;
    const { left, right, top, bottom } = sheet.box;
    return { ...found, steps: [`sheet found and cropped to ${right - left}×${bottom - top}`, ...found.steps] };
  }
  const whole = wholePicture(light);
  // A corner that is darker than pencil was taken for ink: once more, with such corners as paper.
  return readPage(whole) ?? readPage(whole, "narrow");
}

function readPage(page: Page, window: PaperWindow = "stable"): FoundPage | undefined {
  const ink = findInk(page.light, page.inside, window);
  if (!ink) return undefined;
  const { width } = ink.field;
  const onPage = page.inside && ((x: number, y: number) => page.inside![y * width + x] === 1);
  const { field, labelled, groups, steps } = withoutPrint(ink, onPage);
  if (groups.length === 0) return undefined;
  const largest = [...groups].sort((one, other) => other.ink - one.ink).slice(0, mostDigits);
  const digits = groups.filter((group) => largest.includes(group)).flatMap((group) => asDigit(field, labelled, group, page) ?? []);
  if (digits.length === 0) return undefined;
  return { polarity: ink.polarity, digits, steps };
}

interface Written {
  field: Field;
  labelled: Labelled;
  groups: Group[];
}

/** Takes away rules and frames, unless nothing is left without them. */
function withoutPrint(ink: Ink, onPage?: (x: number, y: number) => boolean): Written & { steps: string[] } {
  const { rules, frame } = findPrintedLines(ink.field, onPage);
  const steps: string[] = [];
  let written = writtenOn(ink.field, []);
  if (rules.length > 0) {
    const cleaned = writtenOn(withoutLines(ink.field, rules), rules);
    if (cleaned.groups.length > 0 || rules.length > 1) {
      written = cleaned;
      steps.push(`${rules.length} ruled ${rules.length === 1 ? "line" : "lines"} removed`);
    }
  }
  if (frame.length > 0) {
    const cleaned = writtenOn(withoutLines(written.field, frame), [...rules, ...frame]);
    if (isContent(cleaned.groups, frame)) {
      written = cleaned;
      steps.push("frame removed");
    }
  }
  return { ...written, steps };
}

function writtenOn(field: Field, lines: readonly StraightLine[]): Written {
  const labelled = labelInk(field);
  return { field, labelled, groups: drawnOnly(field, labelled, groupDigits(labelled.components), lines) };
}

/** @returns whether these may be what the lines stand around: large enough, and no longer than the lines */
function isContent(groups: readonly Group[], frame: readonly StraightLine[]): boolean {
  const longest = (direction: StraightLine["direction"]) =>
    Math.max(0, ...frame.filter((line) => line.direction === direction).map(({ start, end }) => end - start));
  const [across, down] = [longest("across"), longest("down")];
  return groups.some(({ box }) => {
    const [width, height] = [box.right - box.left, box.bottom - box.top];
    return Math.max(width, height) >= leastContent * Math.max(across, down) && width <= across && height <= down;
  });
}

function asDigit(field: Field, { labels }: Labelled, group: Group, page: Page): FoundDigit | undefined {
  const ink = inkOf(field, labels, new Set(group.members.map(({ label }: Component) => label)), group.box);
  const framed = frameDigit(ink);
  if (!framed) return undefined;
  const { left, top, right, bottom } = group.box;
  const turned = Math.abs(page.turn) >= leastTurn ? frameDigit(turnedBy(ink, -page.turn)) : undefined;
  const parts = group.parts?.flatMap((part) => asDigit(field, { labels, components: [] }, part, page) ?? []);
  return {
    pixels: framed.pixels,
    others: turned ? [turned.pixels] : [],
    box: { left: left + page.left, top: top + page.top, right: right + page.left, bottom: bottom + page.top },
    strokes: framed.strokes,
    ...(parts && parts.length > 1 && { parts }),
  };
}
