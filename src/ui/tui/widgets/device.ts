import { deviceLines, deviceTitle } from "../../panels/device.js";
import { wrap } from "../../text.js";
import { paintBar } from "../paint/bar.js";
import { paintBorder } from "../paint/border.js";
import { modelInk, type Painter } from "../paint/painter.js";

export const device: Painter = (surface, { state, theme }) => {
  const inner = paintBorder(surface, theme, deviceTitle(state));
  const lines = deviceLines(state);
  const label = Math.min(14, Math.max(6, ...lines.map((line) => line.label.length)));
  let y = 0;
  for (const line of lines) {
    inner.region(0, y, label, 1).text(0, 0, line.label, line.model >= 0 ? modelInk(theme, line.model) : theme.faint);
    const attr = line.tone === "faint" ? theme.faint : line.tone === "warning" ? theme.warning : theme.text;
    const bar = line.fraction === undefined || inner.width < 60 ? 0 : 12;
    if (bar > 0) paintBar(inner.region(label + 1, y, bar - 1, 1), line.fraction!, theme.text, theme);
    for (const part of wrap(line.text, inner.width - label - 1 - bar)) {
      inner.text(label + 1 + bar, y, part, attr);
      y++;
    }
  }
  if (y > inner.height) inner.text(inner.width - 1, inner.height - 1, "…", theme.faint);
};
