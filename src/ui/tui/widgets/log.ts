import { logRows } from "../../panels/log.js";
import { wrap } from "../../text.js";
import { paintBorder } from "../paint/border.js";
import { type Context, modelInk, type Painter } from "../paint/painter.js";
import type { Surface } from "../paint/surface.js";

export const log: Painter = (surface, context) => {
  const { ui } = context;
  const inner = paintBorder(surface, context.theme, "log", ui.logBack > 0 ? `${ui.logBack} lines back` : "");
  paintLog(inner, context);
};

/** The newest line alone, for small terminals. */
export const logLine: Painter = (surface, context) => {
  surface.clear(context.theme.text);
  paintLog(surface.region(1, 0, surface.width - 2, 1), context);
};

/** Newest lines at the bottom; long messages go on in the next line, under their beginning. */
function paintLog(surface: Surface, { state, ui, theme }: Context): void {
  const rows = logRows(state, surface.height, ui.logBack);
  const lines = rows.flatMap((row) => {
    const indent = row.time.length + row.model.length + 2;
    const narrow = surface.height === 1 || surface.width - indent < 20;
    const parts = narrow ? [row.message] : wrap(row.message, surface.width - indent).slice(0, 4);
    return parts.map((text, index) => ({ row, text, indent, first: index === 0 }));
  });
  lines.slice(-surface.height).forEach(({ row, text, indent, first }, y) => {
    if (first) {
      surface.text(0, y, row.time, theme.faint);
      surface.text(row.time.length + 1, y, row.model, modelInk(theme, row.ordinal));
    }
    const attr = row.level === "error" ? theme.error : row.level === "warning" ? theme.warning : theme.text;
    surface.text(indent, y, text, attr);
  });
}
