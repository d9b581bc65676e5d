import { styleOf } from "../data/catalog.js";
import { frameArticle, frameDigit } from "../picture/framing.js";
import { imageSide } from "../util/image-size.js";

/** A digit on a canvas of 28 × 28 pixels, and the pen that draws it: with keys or with the mouse. */
export interface Drawing {
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

export function emptyDrawing(): Drawing {
  return { pixels: new Uint8Array(canvasSize * canvasSize), x: 14, y: 6, pen: "up", revision: 0 };
}

export function clearCanvas(drawing: Drawing): Drawing {
  return { ...drawing, pixels: new Uint8Array(canvasSize * canvasSize), pen: "up", revision: drawing.revision + 1 };
}

/** Puts the pen down (drawing a dot) or lifts it where it was down already. */
export function togglePen(drawing: Drawing, pen: "ink" | "eraser"): Drawing {
  if (drawing.pen === pen) return { ...drawing, pen: "up" };
  return stroke({ ...drawing, pen }, drawing.x, drawing.y);
}

/** @returns the drawing after a key, named as in interaction.ts; undefined where the key draws nothing */
export function drawingKey(drawing: Drawing, key: string): Drawing | undefined {
  const { x, y } = drawing;
  switch (key) {
    case "up":
      return movePen(drawing, x, y - 1);
    case "down":
      return movePen(drawing, x, y + 1);
    case "left":
      return movePen(drawing, x - 1, y);
    case "right":
      return movePen(drawing, x + 1, y);
    case "space":
      return togglePen(drawing, "ink");
    case "e":
      return togglePen(drawing, "eraser");
    case "c":
    case "backspace":
    case "delete":
      return clearCanvas(drawing);
    default:
      return undefined;
  }
}

/** Moves the pen to a pixel, drawing on the way where it is down. Positions outside the canvas are moved to its edge. */
export function movePen(drawing: Drawing, x: number, y: number): Drawing {
  const toX = Math.min(canvasSize - 1, Math.max(0, Math.round(x)));
  const toY = Math.min(canvasSize - 1, Math.max(0, Math.round(y)));
  return drawing.pen === "up" ? { ...drawing, x: toX, y: toY } : stroke(drawing, toX, toY);
}

function stroke(drawing: Drawing, toX: number, toY: number): Drawing {
  const pixels = drawing.pixels.slice();
  const dx = toX - drawing.x;
  const dy = toY - drawing.y;
  const lengthSquared = dx * dx + dy * dy;
  for (let y = 0; y < canvasSize; y++) {
    for (let x = 0; x < canvasSize; x++) {
      const along = lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, ((x - drawing.x) * dx + (y - drawing.y) * dy) / lengthSquared));
      const distance = Math.hypot(x - drawing.x - along * dx, y - drawing.y - along * dy);
      const ink = Math.round(255 * Math.min(1, Math.max(0, penRadius + 0.5 - distance)));
      const at = y * canvasSize + x;
      pixels[at] = drawing.pen === "eraser" ? Math.min(pixels[at], 255 - ink) : Math.max(pixels[at], ink);
    }
  }
  return { ...drawing, pixels, x: toX, y: toY, revision: drawing.revision + 1 };
}

/** The drawing as the dataset's images were made (scaled, centred), whatever its size and position. @returns uint8 [784] */
export function framedDrawing(drawing: Drawing, dataset: string): Uint8Array {
  const ink = { width: canvasSize, height: canvasSize, data: Float32Array.from(drawing.pixels, (value) => value / 255) };
  const framed = styleOf(dataset) === "article" ? frameArticle(ink) : frameDigit(ink);
  return framed === undefined ? drawing.pixels : Uint8Array.from(framed.pixels, (value) => Math.round(255 * value));
}

export function isBlank(drawing: Drawing): boolean {
  return drawing.pixels.every((value) => value === 0);
}
