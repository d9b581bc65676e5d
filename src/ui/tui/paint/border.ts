import type { Surface } from "./surface.js";
import type { Theme } from "./theme.js";

/** A border with a title on its upper edge. @returns the surface inside */
export function paintBorder(surface: Surface, theme: Theme, title: string, note = ""): Surface {
  const { width, height } = surface;
  surface.clear(theme.text);
  if (width < 2 || height < 2) return surface.region(0, 0, 0, 0);
  const { glyphs, border } = theme;
  for (let x = 1; x < width - 1; x++) {
    surface.put(x, 0, glyphs.horizontal, border);
    surface.put(x, height - 1, glyphs.horizontal, border);
  }
  for (let y = 1; y < height - 1; y++) {
    surface.put(0, y, glyphs.vertical, border);
    surface.put(width - 1, y, glyphs.vertical, border);
  }
  surface.put(0, 0, glyphs.topLeft, border);
  surface.put(width - 1, 0, glyphs.topRight, border);
  surface.put(0, height - 1, glyphs.bottomLeft, border);
  surface.put(width - 1, height - 1, glyphs.bottomRight, border);
  const edge = surface.region(1, 0, width - 2, 1);
  const shown = title.length + 2 > edge.width ? title.slice(0, Math.max(0, edge.width - 2)) : title;
  if (shown !== "") edge.text(1, 0, ` ${shown} `, theme.title);
  if (note !== "" && shown.length + note.length + 8 <= edge.width) edge.textRight(edge.width - 1, 0, ` ${note} `, theme.faint);
  return surface.region(1, 1, width - 2, height - 2);
}
