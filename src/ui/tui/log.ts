import { logRows } from "../panels/log.js";
import { type Context, modelInk, type Painter } from "./context.js";
import { frame } from "./frame.js";
import type { Surface } from "./surface.js";

export const log: Painter = (surface, context) => {
  const { ui } = context;
  const inner = frame(surface, context.theme, "log", ui.logBack > 0 ? `${ui.logBack} lines back` : "");
  paintLog(inner, context);
};

/** The newest line alone, for small terminals. */
export const logLine: Painter = (surface, context) => {
  surface.clear(context.theme.text);
  paintLog(surface.region(1, 0, surface.width - 2, 1), context);
};

function paintLog(surface: Surface, { state, ui, theme }: Context): void {
  logRows(state, surface.height, ui.logBack).forEach((row, y) => {
    let x = surface.text(0, y, `${row.time} `, theme.faint);
    x += surface.text(x, y, `${row.model} `, modelInk(theme, row.ordinal));
    const attr = row.level === "error" ? theme.error : row.level === "warning" ? theme.warning : theme.text;
    surface.text(x, y, row.message, attr);
  });
}
