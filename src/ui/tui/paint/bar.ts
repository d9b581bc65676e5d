import type { Surface } from "./surface.js";
import type { Theme } from "./theme.js";

/** A bar over the whole width of the surface; eighths of a cell where the font has them. */
export function paintBar(surface: Surface, fraction: number, attr: number, theme: Theme): void {
  const filled = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0)) * surface.width;
  for (let x = 0; x < surface.width; x++) {
    const part = filled - x;
    const eighth = theme.glyphs.eighths[Math.floor(Math.max(0, Math.min(0.999, part)) * 8)] ?? "";
    if (part >= 1) surface.put(x, 0, theme.glyphs.full, attr);
    else if (part > 0 && eighth !== "") surface.put(x, 0, eighth, attr);
    else surface.put(x, 0, theme.glyphs.track, theme.border);
  }
}
