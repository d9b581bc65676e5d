import { imageSide } from "../../../util/image-size.js";
import { type SampleTile, samplesPanel } from "../../panels/samples.js";
import { frame } from "../paint/border.js";
import { brightness, paintImage } from "../paint/image.js";
import type { Context, Painter } from "../paint/painter.js";
import type { Surface } from "../paint/surface.js";
import { paintBar } from "./gauges.js";

export const samples: Painter = (surface, context) => {
  const { state, ui, theme } = context;
  const data = samplesPanel(state.models[ui.selected], ui.samplesMode, ui.back);
  const inner = frame(surface, theme, `samples ${data.model}`, data.caption);
  if (data.tiles.length === 0) {
    paintEmpty(inner, data.empty ?? "", context);
    return;
  }
  paintTiles(inner, data.tiles, context, 10);
};

/** As many of the ten samples as fit, without probability bars. */
export const samplesSmall: Painter = (surface, context) => {
  const { state, ui, theme } = context;
  const data = samplesPanel(state.models[ui.selected], "fixed", 0);
  const inner = frame(surface, theme, `samples ${data.model}`);
  if (data.tiles.length === 0) {
    paintEmpty(inner, data.empty ?? "", context);
    return;
  }
  paintTiles(inner, data.tiles, context, 0);
};

/** Tiles in rows, as large as they fit; `most` probability bars below each where there is room. */
export function paintTiles(surface: Surface, tiles: SampleTile[], context: Context, most: number): void {
  const plans = [28, 20, 14, 12, 10].map((columns) => plan(surface, tiles.length, columns, most));
  const enough = (count: number) => plans.find((entry) => entry.shown >= Math.min(count, tiles.length));
  const { columns, across, bars, tileHeight } = enough(10) ?? enough(4) ?? enough(2) ?? plans[2];
  if (across < 1) return;
  const tileWidth = Math.floor(surface.width / across);
  tiles.forEach((tile, index) => {
    const y = Math.floor(index / across) * tileHeight;
    if (y + columns / 2 + 1 > surface.height) return;
    paintTile(surface.region((index % across) * tileWidth, y, tileWidth, tileHeight), tile, context, columns, bars);
  });
}

function plan(surface: Surface, count: number, columns: number, most: number) {
  const width = Math.max(columns, most > 0 ? 14 : 10) + 1;
  const first = Math.min(10, count);
  const fitting = Math.min(first, Math.floor(surface.width / width));
  const down = fitting > 0 ? Math.ceil(first / fitting) : 1;
  // Rows of equal length: ten tiles stand five and five, not six and four.
  const across = fitting > 0 ? Math.ceil(first / down) : 0;
  const space = Math.floor(surface.height / down);
  const picture = columns / 2 + 1;
  // All ten, else the few likeliest.
  const room = Math.max(0, Math.min(most, space - picture));
  const bars = room >= 10 ? 10 : Math.min(5, room);
  const tileHeight = picture + bars + (space > picture + bars ? 1 : 0);
  return { columns, across, bars, tileHeight, shown: across * Math.floor((surface.height + 1) / Math.max(1, picture + Math.min(1, most))) };
}

function paintTile(surface: Surface, tile: SampleTile, { theme }: Context, columns: number, bars: number): void {
  paintImage(surface, brightness(tile.pixels), imageSide, columns, theme);
  const y = columns / 2;
  const verdict = verdictOf(tile, surface.width - 1);
  surface.region(0, y, surface.width - 1, 1).text(0, 0, verdict, tile.right ? theme.good : theme.error);
  const order = tile.probabilities.map((_, digit) => digit).sort((a, b) => tile.probabilities[b] - tile.probabilities[a]);
  const shown = bars >= order.length ? order.slice().sort((a, b) => a - b) : order.slice(0, bars);
  shown.forEach((digit, index) => {
    const name = (tile.classNames[digit] ?? "?").slice(0, 5);
    const line = surface.region(0, y + 1 + index, Math.min(surface.width - 1, Math.max(columns, 14)), 1);
    const start = line.text(0, 0, name, digit === tile.label ? theme.good : theme.faint) + 1;
    paintBar(
      line.region(start, 0, line.width - start - 5, 1),
      tile.probabilities[digit],
      digit === tile.label ? theme.good : theme.error,
      theme,
    );
    line.textRight(line.width, 0, `${Math.round(tile.probabilities[digit] * 100)}%`, theme.text);
  });
}

/** "4 read 9"; where names are long and the tile is narrow, "Trou→Dress". */
function verdictOf({ right, truth, prediction }: SampleTile, width: number): string {
  if (right) return truth;
  const full = `${truth} read ${prediction}`;
  const half = Math.max(1, Math.floor((width - 1) / 2));
  return full.length <= width ? full : `${truth.slice(0, half)}→${prediction.slice(0, half)}`;
}

function paintEmpty(surface: Surface, text: string, { theme }: Context): void {
  surface.text(Math.max(0, Math.floor((surface.width - text.length) / 2)), Math.floor(surface.height / 2), text, theme.faint);
}
