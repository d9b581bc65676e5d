import { canvasSize, isBlank } from "../../drawing.js";
import { frame } from "../paint/border.js";
import { brightness, paintImage } from "../paint/image.js";
import { type Context, modelInk, type Painter } from "../paint/painter.js";
import { attribute, defaultColor, flag, type Surface } from "../paint/surface.js";
import { paintBar } from "./gauges.js";

/** Pixels are two cells wide and one high where there is room for them, else one wide and half a cell high. */
export function drawSize(available: { width: number; height: number }): { width: number; height: number } {
  const large = available.width >= 96 && available.height >= canvasSize + 4;
  return large ? { width: 96, height: canvasSize + 3 } : { width: 60, height: 19 };
}

/** @returns the pixel under a cell of the panel, or undefined outside the canvas */
export function pixelAt(x: number, y: number, panel: { width: number; height: number }): { x: number; y: number } | undefined {
  const large = panel.height >= canvasSize + 3;
  const column = x - 1;
  const row = y - 1;
  const pixel = large ? { x: Math.floor(column / 2), y: row } : { x: column, y: row * 2 };
  return column >= 0 && row >= 0 && pixel.x < canvasSize && pixel.y < canvasSize ? pixel : undefined;
}

export const draw: Painter = (surface, context) => drawNoted(surface, context, "space pen, e eraser, c clear, Esc back");

/** @param note what stands on the upper edge, where there is room for it */
export function drawNoted(surface: Surface, { state, ui, theme }: Context, note: string): void {
  const large = surface.height >= canvasSize + 3;
  const inner = frame(surface, theme, "draw a digit", note);
  const canvas = large ? 2 * canvasSize : canvasSize;
  paintImage(inner, brightness(ui.draw.pixels), canvasSize, canvas, theme);
  const { x, y, pen } = ui.draw;
  const sign = pen === "ink" ? "+" : pen === "eraser" ? "x" : "o";
  const cursor = attribute(
    theme.depth === 1 ? defaultColor : theme.depth === 256 ? 16 : 0,
    theme.depth === 1 ? defaultColor : theme.depth === 256 ? 214 : 11,
    theme.depth === 1 ? flag.inverse : flag.bold,
  );
  if (large) inner.text(x * 2, y, sign + sign, cursor);
  else inner.put(x, Math.floor(y / 2), sign, cursor);
  for (let row = 0; row < inner.height; row++) inner.put(canvas, row, theme.glyphs.vertical, theme.border);

  const side = inner.region(canvas + 2, 0, inner.width - canvas - 3, inner.height);
  if (isBlank(ui.draw)) {
    ["Arrows move the pen,", "space lowers or lifts it.", ui.mouse === "on" ? "Or draw with the mouse." : "m turns the mouse on."].forEach(
      (line, index) => {
        side.text(0, index + 1, line, theme.faint);
      },
    );
    return;
  }
  const each = Math.max(2, Math.floor(side.height / Math.max(1, state.models.length)));
  state.models.forEach((model, index) => {
    const area = side.region(0, index * each, side.width, each);
    const answer = model.prediction;
    area.text(0, 0, model.name, modelInk(theme, index));
    if (answer === undefined) {
      area.text(model.name.length + 1, 0, model.status === "failed" ? "has failed" : "…", theme.faint);
      return;
    }
    const names = model.start?.classNames ?? [];
    const order = answer.probabilities.map((_, digit) => digit).sort((a, b) => answer.probabilities[b] - answer.probabilities[a]);
    area.text(model.name.length + 1, 0, `reads ${names[order[0]] ?? order[0]}`, theme.strong);
    // All ten in their order where they fit, else the likeliest.
    const shown = each >= 12 ? order.slice().sort((a, b) => a - b) : order.slice(0, each - 1);
    shown.forEach((digit, line) => {
      const name = (names[digit] ?? String(digit)).slice(0, 8);
      area.text(0, line + 1, name, digit === order[0] ? theme.strong : theme.faint);
      const start = Math.max(2, ...names.map((entry) => Math.min(8, entry.length) + 1));
      paintBar(area.region(start, line + 1, area.width - start - 6, 1), answer.probabilities[digit], modelInk(theme, index), theme);
      area.textRight(area.width, line + 1, `${Math.round(answer.probabilities[digit] * 100)} %`, theme.text);
    });
  });
}
