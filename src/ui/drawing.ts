import { frameArticle, frameDigit } from "../picture/framing.js";
import { imageSide } from "../util/image-size.js";

/** A 28 × 28 canvas that is drawn on with keys or the mouse. */
export interface DrawState {
  /** uint8 [784], 0 background to 255 ink; never changed in place. */
  pixels: Uint8Array;
  /** The pen, in pixels. */
  x: number;
  y: number;
  pen: "up" | "ink" | "eraser";
  /** Counts changes of the pixels; the id of the prediction that belongs to them. */
  revision: number;
}

export const canvasSize = imageSide;
/** Pen radius in pixels: MNIST's strokes are two to three pixels wide. */
const penRadius = 1.3;

export function emptyDrawing(): DrawState {
  return { pixels: new Uint8Array(canvasSize * canvasSize), x: 14, y: 6, pen: "up", revision: 0 };
}

export function clearCanvas(draw: DrawState): DrawState {
  return { ...draw, pixels: new Uint8Array(canvasSize * canvasSize), pen: "up", revision: draw.revision + 1 };
}

/** Puts the pen down (drawing a dot) or lifts it where it was down already. */
export function togglePen(draw: DrawState, pen: "ink" | "eraser"): DrawState {
  if (draw.pen === pen) return { ...draw, pen: "up" };
  return stroke({ ...draw, pen }, draw.x, draw.y);
}

/** Moves the pen to a pixel, drawing on the way where it is down. Positions outside the canvas are moved to its edge. */
export function movePen(draw: DrawState, x: number, y: number): DrawState {
  const toX = Math.min(canvasSize - 1, Math.max(0, Math.round(x)));
  const toY = Math.min(canvasSize - 1, Math.max(0, Math.round(y)));
  return draw.pen === "up" ? { ...draw, x: toX, y: toY } : stroke(draw, toX, toY);
}

function stroke(draw: DrawState, toX: number, toY: number): DrawState {
  const pixels = draw.pixels.slice();
  const dx = toX - draw.x;
  const dy = toY - draw.y;
  const lengthSquared = dx * dx + dy * dy;
  for (let y = 0; y < canvasSize; y++) {
    for (let x = 0; x < canvasSize; x++) {
      const along = lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, ((x - draw.x) * dx + (y - draw.y) * dy) / lengthSquared));
      const distance = Math.hypot(x - draw.x - along * dx, y - draw.y - along * dy);
      const ink = Math.round(255 * Math.min(1, Math.max(0, penRadius + 0.5 - distance)));
      const at = y * canvasSize + x;
      pixels[at] = draw.pen === "eraser" ? Math.min(pixels[at], 255 - ink) : Math.max(pixels[at], ink);
    }
  }
  return { ...draw, pixels, x: toX, y: toY, revision: draw.revision + 1 };
}

/** The drawing as the dataset's images were made (scaled, centred), whatever its size and place. @returns uint8 [784] */
export function framedDrawing(draw: DrawState, dataset: string): Uint8Array {
  const ink = { width: canvasSize, height: canvasSize, data: Float32Array.from(draw.pixels, (value) => value / 255) };
  const framed = dataset === "fashion-mnist" ? frameArticle(ink) : frameDigit(ink);
  return framed === undefined ? draw.pixels : Uint8Array.from(framed.pixels, (value) => Math.round(255 * value));
}

export function isBlank(draw: DrawState): boolean {
  return draw.pixels.every((value) => value === 0);
}
