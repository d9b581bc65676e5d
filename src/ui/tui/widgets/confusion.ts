import { type ConfusionData, confusionPanel } from "../../panels/confusion.js";
import { tileOf } from "../../panels/samples.js";
import { fitted, wrap } from "../../text.js";
import { paintBorder } from "../paint/border.js";
import type { Context, Painter } from "../paint/painter.js";
import { flag, type Surface, withFlag } from "../paint/surface.js";
import { paintTiles } from "./samples.js";

export const confusion: Painter = (surface, context) => paintConfusion(surface, context, "selectable");

/** The newest evaluation of the selected model, for the overview. */
export const confusionSmall: Painter = (surface, context) =>
  paintConfusion(surface, { ...context, ui: { ...context.ui, back: 0, confusion: { ...context.ui.confusion, unit: "count" } } }, "plain");

function paintConfusion(surface: Surface, context: Context, mode: "selectable" | "plain"): void {
  const data = panel(context);
  const inner = paintBorder(surface, context.theme, `confusion ${data?.model ?? ""}`.trim(), data?.caption ?? "");
  if (data === undefined) inner.text(1, Math.floor(inner.height / 2), "waiting for the first evaluation …", context.theme.faint);
  else paintMatrix(inner, data, context, mode);
}

export const confusionDetail: Painter = (surface, context) => {
  const { theme, state, ui } = context;
  const data = panel(context);
  const inner = paintBorder(surface, theme, "most confused");
  if (data === undefined) return;
  let y = 0;
  for (const line of data.worst) inner.text(1, y++, line, theme.text);
  if (data.worst.length === 0) inner.text(1, y++, "nothing is confused", theme.good);
  y++;
  for (const line of wrap(data.selected.text, inner.width - 2)) inner.text(1, y++, line, theme.strong);
  const model = state.models[ui.selected];
  const { samples, total, note } = data.examples;
  if (samples.length > 0) {
    paintTiles(
      inner.region(1, y + 1, inner.width - 2, inner.height - y - 1),
      samples.map((sample) => tileOf(sample, model)),
      context,
      0,
    );
  } else if (total > 0 && note !== "") inner.text(1, y, note, theme.faint);
};

function panel({ state, ui }: Context): ConfusionData | undefined {
  return confusionPanel(state.models[ui.selected], { ...ui.confusion, back: ui.back });
}

function paintMatrix(surface: Surface, data: ConfusionData, { theme }: Context, mode: "selectable" | "plain"): void {
  const long = data.classNames.some((name) => name.length > 2);
  const longest = Math.min(11, Math.max(...data.classNames.map((name) => name.length)));
  // Names give way before counts do: three digits and a blank need four cells.
  const names = !long ? 2 : surface.width - longest - 2 >= 40 ? longest : 4;
  const cell = Math.min(7, Math.floor((surface.width - names - 2) / 10));
  if (cell < 2) return;
  const tall = mode === "selectable" && surface.height >= 32 ? 3 : mode === "selectable" && surface.height >= 22 ? 2 : 1;
  const left = names + 1;
  surface.text(0, 0, long && names > 4 ? "true" : "", theme.faint);
  data.classNames.forEach((name, digit) => {
    surface.region(left + digit * cell, 0, cell - (long ? 1 : 0), 1).text(0, 0, long ? name : fitted(name, cell, "right"), theme.faint);
    surface
      .region(0, 1 + digit * tall + Math.floor(tall / 2), names, 1)
      .text(0, 0, fitted(name.length > names && names === 4 ? name.slice(0, 4) : name, names, "right"), theme.faint);
  });
  data.cells.forEach((row, label) => {
    row.forEach((entry, prediction) => {
      const chosen = mode === "selectable" && data.selected.row === label && data.selected.column === prediction;
      const heat = theme.heat(entry.share, entry.kind);
      const attr = chosen ? withFlag(theme.selected, flag.bold) : heat;
      for (let line = 0; line < tall; line++) {
        const area = surface.region(left + prediction * cell, 1 + label * tall + line, cell, 1);
        area.clear(attr);
        if (line !== Math.floor(tall / 2)) continue;
        const text = entry.text === "0" ? "·" : entry.text;
        area.text(0, 0, fitted(text, text.length < cell ? cell - 1 : cell, "right"), attr);
      }
    });
  });
  const legend = `rows true, columns read as${data.unit === "percent" ? ", % of the row" : ""}`;
  if (surface.height > 1 + 10 * tall) surface.text(left, 1 + 10 * tall, legend, theme.faint);
}
