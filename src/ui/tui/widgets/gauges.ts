import { type Gauge, gauges as gaugesPanel, percentText } from "../../panels/gauges.js";
import { frame } from "../paint/border.js";
import { type Context, modelInk, type Painter } from "../paint/painter.js";
import type { Surface } from "../paint/surface.js";
import type { Theme } from "../paint/theme.js";

export const gauges: Painter = (surface, context) => {
  const inner = frame(surface, context.theme, "progress");
  const rows = gaugesPanel(context.state);
  const label = Math.min(14, Math.max(3, ...rows.map((row) => row.label.length)));
  const text = Math.max(0, Math.min(inner.width - label - 16, Math.max(0, ...rows.map((row) => row.text.length))));
  // Every second line stays free where there is room.
  const gap = inner.height >= rows.length * 2 - 1 ? 2 : 1;
  rows.forEach((row, index) => {
    const y = index * gap;
    inner.region(0, y, label, 1).text(0, 0, row.label, modelInk(context.theme, row.model));
    const bar = inner.region(label + 1, y, inner.width - label - text - 8, 1);
    paintBar(bar, row.fraction, modelInk(context.theme, row.model), context.theme);
    inner.textRight(label + 1 + bar.width + 6, y, percentText(row.fraction), context.theme.strong);
    inner.region(inner.width - text, y, text, 1).text(0, 0, row.text, tone(row, context));
  });
};

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

function tone(row: Gauge, { theme }: Context): number {
  return row.tone === "error" ? theme.error : row.tone === "warning" ? theme.warning : row.tone === "good" ? theme.good : theme.faint;
}
