import { imageSide } from "../../../util/image-size.js";
import { shownClasses } from "../../panels/probabilities.js";
import { type SamplesData, type SampleTile, samplesPanel } from "../../panels/samples.js";
import { paintBar } from "../paint/bar.js";
import { paintBorder } from "../paint/border.js";
import { brightness, paintImage } from "../paint/image.js";
import type { Context, Painter } from "../paint/painter.js";
import type { Surface } from "../paint/surface.js";

export const samples: Painter = (surface, context) => {
  const { state, ui } = context;
  const data = samplesPanel(state.models[ui.selected], ui.samplesMode, ui.back);
  paintSamples(surface, data, data.caption, context, 10);
};

/** As many of the ten samples as fit, without probability bars. */
export const samplesSmall: Painter = (surface, context) => {
  const { state, ui } = context;
  paintSamples(surface, samplesPanel(state.models[ui.selected], "fixed", 0), "", context, 0);
};

function paintSamples(surface: Surface, data: SamplesData, note: string, context: Context, mostBars: number): void {
  const inner = paintBorder(surface, context.theme, `samples ${data.model}`, note);
  if (data.tiles.length === 0) inner.textCentred(Math.floor(inner.height / 2), data.empty ?? "", context.theme.faint);
  else paintTiles(inner, data.tiles, context, mostBars);
}

/** Tiles in rows, as large as they fit; up to `mostBars` probability bars below each where there is room. */
export function paintTiles(surface: Surface, tiles: SampleTile[], context: Context, mostBars: number): void {
  const arrangements = [28, 20, 14, 12, 10].map((columns) => tileArrangement(surface, tiles.length, columns, mostBars));
  const enough = (count: number) => arrangements.find((arrangement) => arrangement.shown >= Math.min(count, tiles.length));
  const { columns, across, bars, tileHeight } = enough(10) ?? enough(4) ?? enough(2) ?? arrangements[2];
  if (across < 1) return;
  const tileWidth = Math.floor(surface.width / across);
  tiles.forEach((tile, index) => {
    const y = Math.floor(index / across) * tileHeight;
    if (y + columns / 2 + 1 > surface.height) return;
    paintTile(surface.region((index % across) * tileWidth, y, tileWidth, tileHeight), tile, context, columns, bars);
  });
}

/** How `count` tiles whose pictures are `columns` cells wide stand on the surface, and how many of them it shows. */
function tileArrangement(surface: Surface, count: number, columns: number, mostBars: number) {
  const width = Math.max(columns, mostBars > 0 ? 14 : 10) + 1;
  const first = Math.min(10, count);
  const fitting = Math.min(first, Math.floor(surface.width / width));
  const down = fitting > 0 ? Math.ceil(first / fitting) : 1;
  // Rows of equal length: ten tiles stand five and five, not six and four.
  const across = fitting > 0 ? Math.ceil(first / down) : 0;
  const space = Math.floor(surface.height / down);
  const picture = columns / 2 + 1;
  // All ten, else the few likeliest.
  const room = Math.max(0, Math.min(mostBars, space - picture));
  const bars = room >= 10 ? 10 : Math.min(5, room);
  const tileHeight = picture + bars + (space > picture + bars ? 1 : 0);
  return {
    columns,
    across,
    bars,
    tileHeight,
    shown: across * Math.floor((surface.height + 1) / Math.max(1, picture + Math.min(1, mostBars))),
  };
}

function paintTile(surface: Surface, tile: SampleTile, { theme }: Context, columns: number, bars: number): void {
  paintImage(surface, brightness(tile.pixels), imageSide, columns, theme);
  const y = columns / 2;
  const verdict = verdictOf(tile, surface.width - 1);
  surface.region(0, y, surface.width - 1, 1).text(0, 0, verdict, tile.right ? theme.good : theme.error);
  for (const [index, label] of shownClasses(tile.probabilities, bars).entries()) {
    const right = label === tile.label;
    const name = (tile.classNames[label] ?? "?").slice(0, 5);
    const line = surface.region(0, y + 1 + index, Math.min(surface.width - 1, Math.max(columns, 14)), 1);
    const left = line.text(0, 0, name, right ? theme.good : theme.faint) + 1;
    paintBar(line.region(left, 0, line.width - left - 5, 1), tile.probabilities[label], right ? theme.good : theme.error, theme);
    line.textRight(line.width, 0, `${Math.round(tile.probabilities[label] * 100)}%`, theme.text);
  }
}

/** "4 read 9"; where names are long and the tile is narrow, "Trou→Dress". */
function verdictOf({ right, truth, prediction }: SampleTile, width: number): string {
  if (right) return truth;
  const full = `${truth} read ${prediction}`;
  const half = Math.max(1, Math.floor((width - 1) / 2));
  return full.length <= width ? full : `${truth.slice(0, half)}→${prediction.slice(0, half)}`;
}
