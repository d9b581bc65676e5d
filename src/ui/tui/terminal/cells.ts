import blessed from "blessed";
import type { Rectangle } from "../paint/rectangle.js";
import { Surface } from "../paint/surface.js";

interface CellsOptions extends blessed.Widgets.BoxOptions {
  charset?: "unicode" | "ascii";
  paint?(surface: Surface): void;
}

/** A line of blessed's screen, not in its types: packed attribute and character of each cell. */
type Line = [attribute: number, character: string][] & { dirty: boolean };

/** The parts of a box that blessed's types leave out. */
interface BoxInternals {
  _getCoords(get?: boolean): { xi: number; xl: number; yi: number; yl: number } | undefined;
  lpos?: unknown;
  screen: blessed.Widgets.Screen & { lines: Line[] };
}

/** A box painted as `paint` says, placed by `moveBox`. */
export function paintedBox(charset: "unicode" | "ascii", paint: (surface: Surface) => void): blessed.Widgets.BoxElement {
  return cells({ charset, paint, top: 0, left: 0, width: 1, height: 1 });
}

export function moveBox(box: blessed.Widgets.BoxElement, { x, y, width, height }: Rectangle): void {
  Object.assign(box.position, { left: x, top: y, width, height });
}

/** A blessed box that copies a painted surface into the screen's cells, without blessed's parsing of content; a factory as blessed-contrib's grid wants it. */
export function cells(options: CellsOptions = {}): blessed.Widgets.BoxElement {
  const box = blessed.box(options);
  const internals = box as unknown as BoxInternals;
  let surface = Surface.create(0, 0, options.charset ?? "unicode");
  const render = (): void => {
    const coords = internals._getCoords(true);
    if (coords === undefined) {
      internals.lpos = undefined;
      return;
    }
    internals.lpos = coords;
    const width = Math.max(0, coords.xl - coords.xi);
    const height = Math.max(0, coords.yl - coords.yi);
    if (surface.width !== width || surface.height !== height) surface = Surface.create(width, height, options.charset ?? "unicode");
    else surface.clear();
    options.paint?.(surface);
    copy(surface, internals.screen.lines, coords.xi, coords.yi);
  };
  box.render = render as unknown as typeof box.render;
  return box;
}

function copy(surface: Surface, lines: Line[], left: number, top: number): void {
  for (let y = 0; y < surface.height; y++) {
    const line = lines[top + y];
    if (line === undefined) continue;
    for (let x = 0; x < surface.width; x++) {
      const cell = line[left + x];
      if (cell === undefined) continue;
      const attribute = surface.attribute(x, y);
      const character = surface.character(x, y);
      if (cell[0] !== attribute || cell[1] !== character) {
        cell[0] = attribute;
        cell[1] = character;
        line.dirty = true;
      }
    }
  }
}
