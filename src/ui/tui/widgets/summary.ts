import { outcomeLines } from "../../summary.js";
import { wrap } from "../../text.js";
import { paintBorder } from "../paint/border.js";
import { modelInk, type Painter } from "../paint/painter.js";

/** The models' outcomes, on the final screen; the same lines end the text that is printed after leaving. */
export const summary: Painter = (surface, { state, theme }) => {
  const inner = paintBorder(surface, theme, "summary", "any other key leaves");
  let y = 0;
  for (const line of outcomeLines(state)) {
    const index = state.models.findIndex((model) => line.startsWith(`${model.name}: `));
    const model = state.models[index];
    const ink = model === undefined ? theme.strong : model.status === "failed" ? theme.error : theme.text;
    const parts = wrap(line, inner.width);
    for (const [row, part] of parts.entries()) inner.text(0, y + row, part, ink);
    if (model !== undefined) inner.text(0, y, model.name, modelInk(theme, index));
    y += parts.length;
  }
};
