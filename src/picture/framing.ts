import { imageSide as side } from "../util/image-size.js";
import { inkBox } from "./components.js";
import { averageInto, type Box, extremeInDisc, type Field } from "./field.js";

/** From ink to 28×28, the way the datasets were made. */

/** MNIST: the longer side of the digit's box. */
const digitSide = 20;
/** MNIST: the centre of mass goes to the middle of pixel (14, 14), in every one of its images to within half a pixel. */
const centre = 14;
/** Stroke widths of MNIST in its own pixels (twice area over perimeter): 1.9 to 3.6 for 80 % of it. */
const strokeWidths = { least: 1.9, thickened: 2.3, most: 4.4, thinned: 3.6 };
/** Side of the canvas on which strokes are made thicker or thinner, in pixels a pixel of the result. */
const oversampling = 6;

interface Framed {
  /** [784] 0 background … 1 ink */
  pixels: Float32Array;
  /** Ink's box in the field. */
  box: Box;
  /** Width of its strokes in pixels of the result, before they were changed. */
  strokeWidth: number;
  strokes: "kept" | "thickened" | "thinned";
}

/** MNIST's way: cropped to the ink, its longer side scaled to 20 pixels with antialiasing, centred by mass. */
export function frameDigit(ink: Field): Framed | undefined {
  const box = inkBox(ink, 0.25);
  if (!box) return undefined;
  const strokeWidth = (strokeWidthOf(ink, box) * digitSide) / longerSide(box);
  const { least, thickened, most, thinned } = strokeWidths;
  const target = strokeWidth < least ? thickened : strokeWidth > most ? thinned : strokeWidth;
  let pixels: Field;
  if (target === strokeWidth) pixels = scaledTo(ink, box, digitSide);
  else {
    const canvas = enlarged(ink, box);
    // Added to each side of a stroke, or taken from it. The box is scaled to 20 pixels again, so the width wanted here is a part of the new size.
    const change = ((target - strokeWidth) / 2 / (1 - (target - strokeWidth) / digitSide)) * oversampling;
    const changed = extremeInDisc(canvas, Math.abs(change), change > 0 ? "max" : "min");
    const changedBox = inkBox(changed, 0.5);
    pixels = changedBox ? scaledTo(changed, changedBox, digitSide) : scaledTo(ink, box, digitSide);
  }
  return {
    pixels: centredByMass(withFullContrast(pixels)),
    box,
    strokeWidth,
    strokes: target === strokeWidth ? "kept" : target > strokeWidth ? "thickened" : "thinned",
  };
}

/** Fashion-MNIST's way: cropped to the article, its longer side scaled to 28 pixels, centred by its box. */
export function frameArticle(ink: Field): Framed | undefined {
  const box = inkBox(ink, 0.1);
  if (!box) return undefined;
  const scaled = scaledTo(ink, box, side);
  const pixels = new Float32Array(side * side);
  paste(scaled, pixels, Math.floor((side - scaled.width) / 2), Math.floor((side - scaled.height) / 2));
  return { pixels, box, strokeWidth: 0, strokes: "kept" };
}

/** @returns whether 28×28 ink already lies as in MNIST: its box 20 pixels long, its mass in the middle */
export function isFramed(ink: Field): boolean {
  if (ink.width !== side || ink.height !== side) return false;
  const box = inkBox(ink, 0.1);
  if (!box || Math.abs(longerSide(box) - digitSide) > 1) return false;
  const mass = centreOfMass(ink);
  return Math.abs(mass.x - centre) <= 1 && Math.abs(mass.y - centre) <= 1;
}

function longerSide(box: Box): number {
  return Math.max(box.right - box.left, box.bottom - box.top);
}

/** @returns the box scaled so that its longer side is `length`; the shorter at least 1 */
function scaledTo(field: Field, box: Box, length: number): Field {
  const scale = length / longerSide(box);
  const width = Math.max(1, Math.round((box.right - box.left) * scale));
  const height = Math.max(1, Math.round((box.bottom - box.top) * scale));
  return averageInto(field, box, width, height);
}

/** Twice area over perimeter of the strokes, in the field's pixels; the perimeter by counting edges, × π/4 for their slant. */
function strokeWidthOf({ width, height, data }: Field, box: Box): number {
  const at = (x: number, y: number) => (x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] > 0.5 ? 1 : 0);
  let [area, edges] = [0, 0];
  for (let y = box.top; y <= box.bottom; y++)
    for (let x = box.left; x <= box.right; x++) {
      const here = at(x, y);
      area += here;
      edges += Number(here !== at(x - 1, y)) + Number(here !== at(x, y - 1));
    }
  return edges === 0 ? 0 : (2 * area) / (edges * (Math.PI / 4));
}

/** @returns the box on a canvas of 20 × oversampling pixels with a margin for thicker strokes */
function enlarged(ink: Field, box: Box): Field {
  const margin = (2 * longerSide(box)) / digitSide;
  const around = { left: box.left - margin, top: box.top - margin, right: box.right + margin, bottom: box.bottom + margin };
  return scaledTo(ink, around, (digitSide + 4) * oversampling);
}

/** In MNIST every digit reaches full ink. */
function withFullContrast(field: Field): Field {
  const top = field.data.reduce((most, value) => Math.max(most, value), 0);
  return top > 0 ? { ...field, data: field.data.map((value) => value / top) } : field;
}

function centreOfMass({ width, height, data }: Field): { x: number; y: number } {
  let [mass, x, y] = [0, 0, 0];
  for (let row = 0, i = 0; row < height; row++)
    for (let column = 0; column < width; column++, i++) {
      mass += data[i];
      x += data[i] * column;
      y += data[i] * row;
    }
  return { x: x / mass, y: y / mass };
}

/** Moves by whole pixels, as MNIST was made, and never out of the frame. */
function centredByMass(digit: Field): Float32Array {
  const mass = centreOfMass(digit);
  const place = (position: number, length: number) => Math.min(side - length, Math.max(0, Math.round(centre - position)));
  const pixels = new Float32Array(side * side);
  paste(digit, pixels, place(mass.x, digit.width), place(mass.y, digit.height));
  return pixels;
}

function paste(field: Field, pixels: Float32Array, left: number, top: number): void {
  for (let y = 0; y < field.height; y++) pixels.set(field.data.subarray(y * field.width, (y + 1) * field.width), (top + y) * side + left);
}
