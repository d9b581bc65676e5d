import type { UiState } from "../../interaction.js";
import { helpSections } from "../../panels/help.js";
import { paintBorder } from "../paint/border.js";
import type { Context, Painter } from "../paint/painter.js";
import { centred, type Rectangle, type Size } from "../paint/rectangle.js";
import type { Surface } from "../paint/surface.js";
import { drawing, drawingSize } from "./drawing.js";

interface Overlay {
  paint: Painter;
  size(available: Size, context: Context): Size;
}

const confirmation: Overlay = { paint: confirm, size: (_, context) => confirmSize(context) };

const overlays: Record<Exclude<UiState["overlay"], "none">, Overlay> = {
  help: { paint: help, size: helpSize },
  drawing: { paint: drawing, size: drawingSize },
  "confirm-quit": confirmation,
  "confirm-stop": confirmation,
};

/** @returns the overlay over the view and its rectangle on the screen, or undefined where there is none */
export function overlayOf(context: Context, screen: Size): { paint: Painter; rectangle: Rectangle } | undefined {
  const { overlay } = context.ui;
  if (overlay === "none") return undefined;
  const { paint, size } = overlays[overlay];
  return { paint, rectangle: centred(size(screen, context), screen) };
}

function helpSize(available: Size): Size {
  const rows = helpSections.map((section) => section.keys.length + 2);
  return available.width >= 116
    ? { width: 116, height: Math.max(rows[0] + rows[2], rows[1] + rows[3]) + 3 }
    : { width: 76, height: rows.reduce((a, b) => a + b, 0) + 2 };
}

export function help(surface: Surface, { theme }: Context): void {
  const inner = paintBorder(surface, theme, "keys", "any key closes");
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
}

function confirmSize(context: Context): Size {
  return { width: Math.max(...confirmText(context).map((line) => line.length)) + 6, height: 6 };
}

function confirmText({ state, ui }: Context): string[] {
  if (ui.overlay === "confirm-stop")
    return [`Stop ${state.models[ui.selected]?.name ?? "this model"} and keep its best?`, "x or y stops it, any other key goes on"];
  return ["Stop all models, save and leave?", "q or y leaves, any other key goes on"];
}

export function confirm(surface: Surface, context: Context): void {
  const { theme } = context;
  const inner = paintBorder(surface, theme, "please confirm");
  confirmText(context).forEach((line, index) => {
    inner.text(2, index + (inner.height > 3 ? 1 : 0), line, index === 0 ? theme.strong : theme.faint);
  });
}
