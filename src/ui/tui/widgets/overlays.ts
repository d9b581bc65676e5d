import { helpSections } from "../../panels/help.js";
import { smallest } from "../layout.js";
import { frame } from "../paint/border.js";
import type { Context, Painter } from "../paint/painter.js";
import type { Surface } from "../paint/surface.js";

/** A box in the middle of the surface. @returns its rectangle */
export function middle(surface: { width: number; height: number }, width: number, height: number) {
  const w = Math.min(width, surface.width);
  const h = Math.min(height, surface.height);
  return { x: Math.floor((surface.width - w) / 2), y: Math.floor((surface.height - h) / 2), width: w, height: h };
}

export const tooSmall: Painter = (surface, { theme }) => {
  surface.clear(theme.text);
  const lines = [`${surface.width}×${surface.height} is too small`, `needs ${smallest.columns}×${smallest.rows}`, "training goes on"];
  const top = Math.max(0, Math.floor((surface.height - lines.length) / 2));
  lines.forEach((line, index) => {
    surface.text(Math.max(0, Math.floor((surface.width - line.length) / 2)), top + index, line, index === 0 ? theme.warning : theme.text);
  });
};

export function helpSize(available: { width: number; height: number }): { width: number; height: number } {
  const rows = helpSections.map((section) => section.keys.length + 2);
  return available.width >= 116
    ? { width: 116, height: Math.max(rows[0] + rows[2], rows[1] + rows[3]) + 3 }
    : { width: 76, height: rows.reduce((a, b) => a + b, 0) + 2 };
}

export const help: Painter = (surface, { theme }) => {
  const inner = frame(surface, theme, "keys", "any key closes");
  const two = inner.width >= 110;
  const columns = two
    ? [
        [helpSections[0], helpSections[2]],
        [helpSections[1], helpSections[3]],
      ]
    : [helpSections];
  const width = Math.floor(inner.width / columns.length);
  // Where the lines do not suffice, the blank ones and the headings go first.
  const lines = columns[0].reduce((sum, section) => sum + section.keys.length + 2, 0);
  const dense = lines > inner.height;
  columns.forEach((sections, index) => {
    const column = inner.region(index * width + 1, 0, width - 1, inner.height);
    let y = 0;
    for (const section of sections) {
      if (!dense) column.text(0, y++, section.title, theme.title);
      for (const [key, does] of section.keys) {
        column.text(0, y, key, theme.strong);
        column.text(13, y, does, theme.text);
        y++;
      }
      if (!dense) y++;
    }
  });
};

export function confirmText({ state, ui }: Context): string[] {
  if (ui.overlay === "confirm-stop")
    return [`Stop ${state.models[ui.selected]?.name ?? "this model"} and keep its best?`, "x or y stops it, any other key goes on"];
  return ["Stop all models, save and leave?", "q or y leaves, any other key goes on"];
}

export const confirm: Painter = (surface: Surface, context) => {
  const { theme } = context;
  const inner = frame(surface, theme, "please confirm");
  confirmText(context).forEach((line, index) => {
    inner.text(2, index + (inner.height > 3 ? 1 : 0), line, index === 0 ? theme.strong : theme.faint);
  });
};
