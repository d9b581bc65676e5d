import type blessed from "blessed";
import contrib from "blessed-contrib";
import type { PlacedWidget } from "./layout.js";
import type { Context } from "./paint/painter.js";
import type { Surface } from "./paint/surface.js";
import { cells, moveBox } from "./terminal/cells.js";

interface GridOptions {
  /** The box that the grid fills. */
  body: blessed.Widgets.BoxElement;
  /** Cells of the body. */
  columns: number;
  rows: number;
  charset: "unicode" | "ascii";
}

/**
 * Puts the widgets' boxes into a blessed-contrib grid whose cells are the terminal's. The grid computes percentages, which blessed
 * rounds down, so that neighbours would stand a cell apart: the exact cells are set once more.
 */
export function widgetGrid(widgets: PlacedWidget[], options: GridOptions, context: () => Context): blessed.Widgets.BoxElement[] {
  const grid = new contrib.grid({
    screen: options.body as unknown as blessed.Widgets.Screen,
    rows: options.rows,
    cols: options.columns,
    hideBorder: true,
  });
  return widgets.map(({ paint, row, column, rows, columns }) => {
    const box = grid.set(row, column, rows, columns, cells, {
      charset: options.charset,
      paint: (surface: Surface) => paint(surface, context()),
    }) as blessed.Widgets.BoxElement;
    moveBox(box, { x: column, y: row, width: columns, height: rows });
    return box;
  });
}
