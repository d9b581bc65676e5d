import { attribute, defaultColor, type Surface } from "./surface.js";
import type { Theme } from "./theme.js";

/**
 * A square picture of brightnesses in cells. Half blocks show two pixels a cell where there are colours; without them a cell is
 * one character of a ramp, so that a picture stands twice as wide as it is high, which in a terminal is a square.
 * @param values [size × size] in [0, 1]
 * @param columns how wide to paint it; the height is half of it
 */
export function paintImage(surface: Surface, values: ArrayLike<number>, size: number, columns: number, theme: Theme): void {
  const rows = Math.ceil(columns / 2);
  const halves = theme.charset === "unicode" && theme.depth !== 1;
  const down = halves ? rows * 2 : rows;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      if (halves) {
        const upper = theme.grey(average(values, size, x, y * 2, columns, down));
        const lower = theme.grey(average(values, size, x, y * 2 + 1, columns, down));
        surface.put(x, y, upper === lower ? " " : "▀", attribute(upper, lower));
      } else {
        const value = average(values, size, x, y, columns, down);
        const { ramp } = theme.glyphs;
        surface.put(x, y, ramp[Math.min(ramp.length - 1, Math.floor(value * ramp.length))], attribute(defaultColor, defaultColor));
      }
    }
  }
}

/** Mean of the pixels under one cell's part of the picture. */
function average(values: ArrayLike<number>, size: number, x: number, y: number, columns: number, rows: number): number {
  const left = Math.floor((x * size) / columns);
  const right = Math.max(left + 1, Math.floor(((x + 1) * size) / columns));
  const top = Math.floor((y * size) / rows);
  const bottom = Math.max(top + 1, Math.floor(((y + 1) * size) / rows));
  let sum = 0;
  for (let row = top; row < bottom; row++) for (let column = left; column < right; column++) sum += values[row * size + column] ?? 0;
  return sum / ((right - left) * (bottom - top));
}

/** uint8 pixels as brightnesses in [0, 1] */
export function brightness(pixels: Uint8Array): Float32Array {
  return Float32Array.from(pixels, (value) => value / 255);
}
