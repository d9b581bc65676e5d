import type blessed from "blessed";
import contrib from "blessed-contrib";
import type { Place } from "./layout.js";
import type { Context } from "./paint/painter.js";
import type { Surface } from "./paint/surface.js";
import { cells } from "./terminal/cells.js";

export interface GridOptions {
  /** The box that the grid fills. */
  body: blessed.Widgets.BoxElement;
  columns: number;
  rows: number;
  charset: "unicode" | "ascii";
}

/**
 * Puts the places' boxes into a blessed-contrib grid whose cells are the terminal's. The grid computes percentages, which blessed
 * rounds down, so that neighbours would stand a cell apart: the exact cells are set again.
 */
export function placeInGrid(places: Place[], options: GridOptions, context: () => Context): blessed.Widgets.BoxElement[] {
  const grid = new contrib.grid({
    screen: options.body as unknown as blessed.Widgets.Screen,
    rows: options.rows,
    cols: options.columns,
    hideBorder: true,
  });
  return places.map((place) => {
    const paint = (surface: Surface) => place.paint(surface, context());
    const box = grid.set(place.row, place.column, place.rows, place.columns, cells, {
      charset: options.charset,
      paint,
    }) as blessed.Widgets.BoxElement;
    Object.assign(box.position, { top: place.row, left: place.column, width: place.columns, height: place.rows });
    return box;
  });
}
