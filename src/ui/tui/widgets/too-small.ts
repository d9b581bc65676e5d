import type { Size } from "../paint/rectangle.js";
import type { Surface } from "../paint/surface.js";
import type { Theme } from "../paint/theme.js";

/** The smallest screen on which a view or the drawing stands whole, in cells. */
export const smallest: Size = { width: 60, height: 20 };

export function isTooSmall({ width, height }: Size): boolean {
  return width < smallest.width || height < smallest.height;
}

/** The message that a screen shows where it is too small. @param notes further lines */
export function paintTooSmall(surface: Surface, theme: Theme, ...notes: string[]): void {
  surface.clear(theme.text);
  const lines = [`${surface.width}×${surface.height} is too small`, `needs ${smallest.width}×${smallest.height}`, ...notes];
  const top = Math.max(0, Math.floor((surface.height - lines.length) / 2));
  for (const [index, line] of lines.entries()) surface.textCentred(top + index, line, index === 0 ? theme.warning : theme.text);
}
