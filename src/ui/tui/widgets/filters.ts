import { layersPanel } from "../../panels/layers.js";
import { paintBorder } from "../paint/border.js";
import type { Painter } from "../paint/painter.js";
import { attribute, defaultColor, type Surface } from "../paint/surface.js";
import type { Theme } from "../paint/theme.js";

/** The first convolution's filters: blue is negative, orange positive, brighter is larger. */
export const filters: Painter = (surface, context) => {
  const { state, ui, theme } = context;
  const data = layersPanel(state.models[ui.selected]).filters;
  const inner = paintBorder(surface, theme, "first-layer filters", data ? `largest weight ${data.scale.toFixed(2)}` : "");
  if (data === undefined) return;
  // As large as all of them fit.
  const scale =
    [4, 3, 2, 1].find((factor) => rowsAt(data.images.length, data.size * factor, inner.width) * (data.size * factor + 1) < inner.height) ??
    1;
  const side = data.size * scale;
  const across = acrossAt(side, inner.width);
  const rows = rowsAt(data.images.length, side, inner.width);
  const gap = rows * (side + 1) <= inner.height ? 1 : 0;
  data.images.forEach((image, index) => {
    const tile = inner.region(1 + (index % across) * (side * 2 + 2), Math.floor(index / across) * (side + gap), side * 2, side);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        paintWeight(tile, x * 2, y, image[Math.floor(y / scale) * data.size + Math.floor(x / scale)], theme);
      }
    }
  });
  if (inner.height > rows * (side + gap)) {
    inner.text(1, inner.height - 1, theme.depth === 1 || theme.charset === "ascii" ? "denser is larger" : "orange +, blue -", theme.faint);
  }
};

function acrossAt(side: number, width: number): number {
  return Math.max(1, Math.floor((width - 1) / (side * 2 + 2)));
}

function rowsAt(count: number, side: number, width: number): number {
  return Math.ceil(count / acrossAt(side, width));
}

const positive = [16, 52, 94, 130, 172, 214];
const negative = [16, 17, 18, 25, 32, 39];

function paintWeight(tile: Surface, x: number, y: number, value: number, theme: Theme): void {
  const size = Math.min(1, Math.abs(value));
  if (theme.depth === 256 && theme.charset === "unicode") {
    const color = (value >= 0 ? positive : negative)[Math.min(5, Math.round(size * 5))];
    for (const dx of [0, 1]) tile.put(x + dx, y, " ", attribute(defaultColor, color));
    return;
  }
  const level = Math.min(2, Math.floor(size * 3));
  const attr = theme.depth === 1 ? theme.text : value >= 0 ? theme.models[1] : theme.models[0];
  const text = value >= 0 ? [" .", " +", "++"][level] : [" .", " -", "--"][level];
  tile.text(x, y, text, attr);
}
