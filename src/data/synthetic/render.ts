import { imageSide as width } from "../../util/image-size.js";
import { type Draws, sine } from "./draws.js";
import type { Polyline } from "./sketch.js";

/** MNIST's digits were scaled to fit a 20×20 box before they were centred. */
const box = 20;

/** The bending of a digit, the same for all its strokes. */
export interface Distortion {
  /** [a b; c d] about the middle */
  matrix: readonly [number, number, number, number];
  /** Squeezing towards the digit's top or side: the coefficients of y², x² and x·y. */
  proportions: { vertical: number; horizontal: number; taper: number };
  /** Low waves that displace every point; lengths in digit heights. */
  waves: readonly { frequencyX: number; frequencyY: number; phase: number; amplitudeX: number; amplitudeY: number }[];
}

export interface PenStyle {
  /** Half the stroke's width, in pixels of the finished image. */
  radius: number;
  /** Change of the radius along a stroke, as a fraction: the height of a slow wave. */
  swell: number;
  /** Thinning of the stroke's ends, as a fraction of the radius. */
  taper: number;
  /** A broad nib: the radius grows for movements across its angle. */
  nib: number;
  nibX: number;
  nibY: number;
  /** Pixels from full ink to none. */
  edge: number;
  /** Deviation of the radius from point to point, as a fraction: rough paper. */
  roughness: number;
}

/** Moves every point of the strokes, in place. */
export function distort(strokes: readonly Polyline[], distortion: Distortion): void {
  const [a, b, c, d] = distortion.matrix;
  const { vertical, horizontal, taper } = distortion.proportions;
  for (const line of strokes) {
    for (let i = 0; i < line.length; i += 2) {
      const plainX = line[i] - 0.5;
      const plainY = line[i + 1] - 0.5;
      let x = plainX * (1 + horizontal * plainX + taper * plainY);
      let y = plainY * (1 + vertical * plainY);
      for (const { frequencyX, frequencyY, phase, amplitudeX, amplitudeY } of distortion.waves) {
        const height = sine(frequencyX * x + frequencyY * y + phase);
        x += amplitudeX * height;
        y += amplitudeY * height;
      }
      line[i] = a * x + b * y;
      line[i + 1] = c * x + d * y;
    }
  }
}

/**
 * Draws the strokes as MNIST was made: scaled to fit 20×20 pixels with the ink's width, anti-aliased, then moved by whole pixels
 * so that the centre of mass lies in pixel (14, 14) of 28×28.
 * @param strokes any size and place
 * @param output [784] bytes that receive the image
 */
export function render(strokes: readonly Polyline[], pen: PenStyle, draws: Draws, output: Uint8Array): void {
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (const line of strokes) {
    for (let i = 0; i < line.length; i += 2) {
      left = Math.min(left, line[i]);
      right = Math.max(right, line[i]);
      top = Math.min(top, line[i + 1]);
      bottom = Math.max(bottom, line[i + 1]);
    }
  }
  const scale = (box - 2 * pen.radius) / Math.max(right - left, bottom - top);
  const ink = new Float32Array(width * width);
  const originX = width / 2 - (scale * (left + right)) / 2;
  const originY = width / 2 - (scale * (top + bottom)) / 2;
  for (const line of strokes) drawStroke(line, scale, originX, originY, pen, draws, ink);
  centre(ink, output);
}

function drawStroke(line: Polyline, scale: number, originX: number, originY: number, pen: PenStyle, draws: Draws, ink: Float32Array): void {
  const count = line.length / 2;
  const phase = draws.uniform(0, 1);
  const waves = draws.uniform(0.3, 1.2);
  let x1 = originX + scale * line[0];
  let y1 = originY + scale * line[1];
  let r1 = pen.radius * (1 - pen.taper);
  for (let i = 1; i < count; i++) {
    const x2 = originX + scale * line[2 * i];
    const y2 = originY + scale * line[2 * i + 1];
    const dx = x2 - x1;
    const dy = y2 - y1;
    const square = dx * dx + dy * dy;
    const along = i / (count - 1);
    const fromEnd = Math.min(1, 5 * Math.min(along, 1 - along));
    const across = square > 0 ? (dx * pen.nibX + dy * pen.nibY) / Math.sqrt(square) : 0;
    const rough = pen.roughness > 0 ? draws.uniform(-pen.roughness, pen.roughness) : 0;
    const r2 =
      pen.radius * (1 + pen.swell * sine(phase + waves * along) + pen.nib * (across * across - 0.5) + rough - pen.taper * (1 - fromEnd));
    segment(x1, y1, r1, dx, dy, square, r2, pen.edge, ink);
    x1 = x2;
    y1 = y2;
    r1 = r2;
  }
}

/** A line with round ends whose radius goes from r1 to r2; the ink is the greatest coverage of all segments. */
function segment(
  x1: number,
  y1: number,
  r1: number,
  dx: number,
  dy: number,
  square: number,
  r2: number,
  edge: number,
  ink: Float32Array,
): void {
  const reach = Math.max(r1, r2) + edge / 2;
  const columnFrom = Math.max(0, Math.floor(Math.min(x1, x1 + dx) - reach));
  const columnTo = Math.min(width - 1, Math.ceil(Math.max(x1, x1 + dx) + reach));
  const rowFrom = Math.max(0, Math.floor(Math.min(y1, y1 + dy) - reach));
  const rowTo = Math.min(width - 1, Math.ceil(Math.max(y1, y1 + dy) + reach));
  const inverse = square > 0 ? 1 / square : 0;
  for (let row = rowFrom; row <= rowTo; row++) {
    const py = row + 0.5 - y1;
    for (let column = columnFrom; column <= columnTo; column++) {
      const px = column + 0.5 - x1;
      const projection = (px * dx + py * dy) * inverse;
      const t = projection < 0 ? 0 : projection > 1 ? 1 : projection;
      const ex = px - t * dx;
      const ey = py - t * dy;
      const distance = Math.sqrt(ex * ex + ey * ey);
      const coverage = (r1 + t * (r2 - r1) - distance) / edge + 0.5;
      const at = row * width + column;
      if (coverage > ink[at]) ink[at] = coverage;
    }
  }
}

function centre(ink: Float32Array, output: Uint8Array): void {
  let mass = 0;
  let momentX = 0;
  let momentY = 0;
  for (let row = 0; row < width; row++) {
    for (let column = 0; column < width; column++) {
      const value = Math.min(1, ink[row * width + column]);
      mass += value;
      momentX += value * column;
      momentY += value * row;
    }
  }
  // MNIST's centres of mass lie within half a pixel of the middle of pixel 14, not of the image's own middle at 13.5.
  const shiftX = Math.floor(width / 2 + 0.5 - momentX / mass);
  const shiftY = Math.floor(width / 2 + 0.5 - momentY / mass);
  for (let row = 0; row < width; row++) {
    for (let column = 0; column < width; column++) {
      const fromRow = row - shiftY;
      const fromColumn = column - shiftX;
      const inside = fromRow >= 0 && fromRow < width && fromColumn >= 0 && fromColumn < width;
      const value = inside ? ink[fromRow * width + fromColumn] : 0;
      output[row * width + column] = value >= 1 ? 255 : Math.floor(255 * value + 0.5);
    }
  }
}
