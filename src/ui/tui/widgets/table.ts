import { gauges, percentText } from "../../panels/gauges.js";
import { comparisonTable, fitColumns, type TableData, tableNote } from "../../panels/table.js";
import { asciiText, fitted } from "../../text.js";
import { paintBar } from "../paint/bar.js";
import { paintBorder } from "../paint/border.js";
import { type Context, modelInk, type Painter } from "../paint/painter.js";
import type { Surface } from "../paint/surface.js";

export const table: Painter = (surface, context) => {
  const data = drawable(comparisonTable(context.state, context.ui.target), context);
  const inner = paintBorder(surface, context.theme, "comparison", noteOf(data, surface.width - 2));
  paintTable(inner, data, context, (row) => modelInk(context.theme, row), context.ui.selected);
};

/** For small terminals: the gauges stand in the table's lines. */
export const compactTable: Painter = (surface, context) => {
  const { state, theme, ui } = context;
  const rows = gauges(state);
  const names = Math.min(12, Math.max(5, ...rows.map((row) => row.label.length + 1)));
  const bar = 10;
  const left = names + bar + 8;
  const data = drawable(comparisonTable(state, ui.target), context);
  const rest: TableData = { columns: data.columns.slice(1), rows: data.rows.map((row) => row.slice(1)) };
  const inner = paintBorder(surface, theme, "progress", noteOf(rest, surface.width - 2 - left));
  inner.text(1, 0, "model", theme.faint);
  rows.forEach((row, index) => {
    const y = index + 1;
    const pointer = row.model === ui.selected && state.models.length > 1 ? theme.glyphs.pointer : " ";
    inner.region(0, y, names, 1).text(0, 0, `${pointer}${row.label}`, modelInk(theme, row.model));
    paintBar(inner.region(names + 1, y, bar, 1), row.fraction, modelInk(theme, row.model), theme);
    inner.textRight(left - 1, y, percentText(row.fraction), theme.strong);
    if (row.model < 0) inner.text(left + 1, y, row.text, theme.faint);
  });
  paintTable(inner.region(left, 0, inner.width - left, inner.height), rest, context, () => theme.text, -1);
};

/** @returns the table with the characters that will be drawn: in ASCII some are wider, and a cut figure would be another one */
function drawable(data: TableData, { theme }: Context): TableData {
  return theme.charset === "ascii" ? { ...data, rows: data.rows.map((row) => row.map(asciiText)) } : data;
}

/** @returns how the columns that fit are to be read */
function noteOf(data: TableData, width: number): string {
  const { columns } = fitColumns(data, width - 2).table;
  return columns.some(({ heading }) => heading === "best" || heading === "vs first") ? tableNote : "";
}

/** Headings and rows, columns spread over the width; unimportant ones are left out where it is narrow. */
export function paintTable(surface: Surface, data: TableData, context: Context, rowInk: (row: number) => number, selected: number): void {
  const { theme } = context;
  const { table: shown, widths } = fitColumns(data, surface.width - 2);
  const used = widths.reduce((sum, width) => sum + width, 0);
  const spare = surface.width - 2 - used;
  const gap = shown.columns.length > 1 ? Math.max(2, Math.min(6, Math.floor(spare / (shown.columns.length - 1)))) : 2;
  let x = 1;
  shown.columns.forEach((column, index) => {
    const width = widths[index];
    surface.region(x, 0, width, 1).text(0, 0, fitted(column.heading, width, column.align), theme.faint);
    shown.rows.forEach((row, y) => {
      const attr = index === 0 ? rowInk(y) : theme.text;
      surface.region(x, y + 1, width, 1).text(0, 0, fitted(row[index], width, column.align), attr);
    });
    x += width + gap;
  });
  if (selected >= 0 && shown.rows.length > 1) surface.put(0, selected + 1, theme.glyphs.pointer, theme.strong);
}
