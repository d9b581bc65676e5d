import { layersPanel } from "../panels/layers.js";
import type { Painter } from "./context.js";
import { frame } from "./frame.js";
import { paintTable } from "./table.js";

export const layers: Painter = (surface, context) => {
  const { state, ui, theme } = context;
  const data = layersPanel(state.models[ui.selected]);
  const inner = frame(surface, theme, `model ${data.model}`.trim(), data.caption);
  if (data.empty !== undefined) {
    inner.text(1, Math.floor(inner.height / 2), data.empty, theme.faint);
    return;
  }
  paintTable(inner, data.table, context, () => theme.strong, -1);
  const legend = "update norm: how far the weights moved since the last evaluation";
  if (inner.height > data.table.rows.length + 3) inner.text(1, data.table.rows.length + 2, legend, theme.faint);
};
