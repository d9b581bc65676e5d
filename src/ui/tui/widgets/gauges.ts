import { type Gauge, gauges as gaugesPanel, percentText } from "../../panels/gauges.js";
import { paintBar } from "../paint/bar.js";
import { paintBorder } from "../paint/border.js";
import { type Context, modelInk, type Painter } from "../paint/painter.js";

export const gauges: Painter = (surface, context) => {
  const inner = paintBorder(surface, context.theme, "progress");
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

function tone(row: Gauge, { theme }: Context): number {
  return row.tone === "error" ? theme.error : row.tone === "warning" ? theme.warning : row.tone === "good" ? theme.good : theme.faint;
}
