import { layersPanel } from "../../panels/layers.js";
import { paintBorder } from "../paint/border.js";
import type { Painter } from "../paint/painter.js";
import { paintTable } from "./table.js";

export const layers: Painter = (surface, context) => {
  const { state, ui, theme } = context;
  const data = layersPanel(state.models[ui.selected]);
  const inner = paintBorder(surface, theme, `model ${data.model}`.trim(), data.caption);
  if (data.empty !== undefined) {
    inner.text(1, Math.floor(inner.height / 2), data.empty, theme.faint);
    return;
  }
  paintTable(inner, data.table, context, () => theme.strong, -1);
  const legend = ["weights: norm of the parameters", "gradient: norm in the last step"];
  legend.forEach((line, index) => {
    const y = data.table.rows.length + 2 + index;
    if (y < inner.height) inner.text(1, y, line, theme.faint);
  });
};
