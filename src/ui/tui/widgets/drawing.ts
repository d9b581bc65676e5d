import { canvasSize, type Drawing, isBlank } from "../../drawing.js";
import { type DrawingData, type DrawingReading, drawingPanel } from "../../panels/drawing.js";
import { likeliestFirst, shownClasses } from "../../panels/probabilities.js";
import { paintBar } from "../paint/bar.js";
import { paintBorder } from "../paint/border.js";
import { brightness, paintImage } from "../paint/image.js";
import { modelInk, type Painter } from "../paint/painter.js";
import type { Size } from "../paint/rectangle.js";
import { attribute, defaultColor, flag, type Surface } from "../paint/surface.js";
import type { Theme } from "../paint/theme.js";

/** Pixels are two cells wide and one high where there is room for them, else one wide and half a cell high. */
export function drawingSize(available: Size): Size {
  const large = available.width >= 96 && available.height >= canvasSize + 4;
  return large ? { width: 96, height: canvasSize + 3 } : { width: 60, height: 19 };
}

/** Whether pixels are two cells wide in a panel of this size. */
function isLarge(panel: Size): boolean {
  return panel.height >= canvasSize + 3;
}

/** @returns the pixel under a cell of the panel, or undefined outside the canvas */
export function pixelAt(x: number, y: number, panel: Size): { x: number; y: number } | undefined {
  const column = x - 1;
  const row = y - 1;
  const pixel = isLarge(panel) ? { x: Math.floor(column / 2), y: row } : { x: column, y: row * 2 };
  return column >= 0 && row >= 0 && pixel.x < canvasSize && pixel.y < canvasSize ? pixel : undefined;
}

export const drawing: Painter = (surface, { state, ui, theme }) => paintDrawing(surface, drawingPanel(state, ui), theme);

/** The canvas on the left, each model's reading of it on the right. */
export function paintDrawing(surface: Surface, data: DrawingData, theme: Theme): void {
  const large = isLarge(surface);
  const inner = paintBorder(surface, theme, "draw a digit", data.note);
  const canvas = large ? 2 * canvasSize : canvasSize;
  paintImage(inner, brightness(data.drawing.pixels), canvasSize, canvas, theme);
  paintPen(inner, data.drawing, large ? "large" : "small", theme);
  for (let row = 0; row < inner.height; row++) inner.put(canvas, row, theme.glyphs.vertical, theme.border);
  const side = inner.region(canvas + 2, 0, inner.width - canvas - 3, inner.height);
  if (isBlank(data.drawing)) paintInstructions(side, data.mouse, theme);
  else paintReadings(side, data.readings, theme);
}

function paintPen(canvas: Surface, { x, y, pen }: Drawing, pixels: "large" | "small", theme: Theme): void {
  const sign = pen === "ink" ? "+" : pen === "eraser" ? "x" : "o";
  const ink = attribute(
    theme.depth === 1 ? defaultColor : theme.depth === 256 ? 16 : 0,
    theme.depth === 1 ? defaultColor : theme.depth === 256 ? 214 : 11,
    theme.depth === 1 ? flag.inverse : flag.bold,
  );
  if (pixels === "large") canvas.text(x * 2, y, sign + sign, ink);
  else canvas.put(x, Math.floor(y / 2), sign, ink);
}

function paintInstructions(side: Surface, mouse: DrawingData["mouse"], theme: Theme): void {
  const lines = ["Arrows move the pen,", "space lowers or lifts it.", mouse === "on" ? "Or draw with the mouse." : "m turns the mouse on."];
  for (const [index, line] of lines.entries()) side.text(0, index + 1, line, theme.faint);
}

function paintReadings(side: Surface, readings: readonly DrawingReading[], theme: Theme): void {
  const height = Math.max(2, Math.floor(side.height / Math.max(1, readings.length)));
  for (const [index, reading] of readings.entries())
    paintReading(side.region(0, index * height, side.width, height), height, reading, modelInk(theme, index), theme);
}

/** @param height of the reading, of which the surface may show a part */
function paintReading(surface: Surface, height: number, reading: DrawingReading, ink: number, theme: Theme): void {
  const { model, classNames, probabilities, status } = reading;
  surface.text(0, 0, model, ink);
  if (probabilities === undefined) {
    surface.text(model.length + 1, 0, status === "failed" ? "has failed" : "…", theme.faint);
    return;
  }
  const [likeliest] = likeliestFirst(probabilities);
  surface.text(model.length + 1, 0, `reads ${classNames[likeliest] ?? likeliest}`, theme.strong);
  const longest = 8;
  const left = Math.max(2, ...classNames.map((name) => Math.min(longest, name.length) + 1));
  for (const [index, label] of shownClasses(probabilities, height - 1).entries()) {
    const y = index + 1;
    surface.text(0, y, (classNames[label] ?? String(label)).slice(0, longest), label === likeliest ? theme.strong : theme.faint);
    paintBar(surface.region(left, y, surface.width - left - 6, 1), probabilities[label], ink, theme);
    surface.textRight(surface.width, y, `${Math.round(probabilities[label] * 100)} %`, theme.text);
  }
}
