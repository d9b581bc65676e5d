import { allEnded, runProgress } from "../../../run/state/progress.js";
import { formatDuration } from "../../format.js";
import { type ViewNumber, viewNames } from "../../interaction.js";
import { percentText } from "../../panels/gauges.js";
import { hints } from "../../panels/help.js";
import type { Context, Painter } from "../paint/painter.js";

/** First line: program, server's address, views, and how the run stands. */
export const header: Painter = (surface, context) => {
  const { state, ui, theme } = context;
  const title = heading(context, surface.width);
  surface.clear(theme.text);
  const status = statusText(context);
  let x = 1 + surface.text(1, 0, title.slice(0, Math.max(0, surface.width - 12)), theme.title) + 1;
  const full = surface.width >= 76 + status.length + Math.max(0, title.length - 10);
  for (const number of [1, 2, 3, 4, 5] as ViewNumber[]) {
    const chosen = number === ui.view;
    const label = chosen || full ? ` ${number} ${viewNames[number]} ` : ` ${number} `;
    if (x + label.length + status.length + 2 > surface.width) break;
    x += surface.text(x, 0, label, chosen ? theme.selected : theme.faint);
  }
  const failed = state.models.some((model) => model.status === "failed");
  const paused = state.models.some((model) => model.status === "paused");
  surface.textRight(
    surface.width - 1,
    0,
    status,
    failed ? theme.error : paused ? theme.warning : allEnded(state) ? theme.good : theme.strong,
  );
};

/** Where the views' names stand in the first line, for the mouse. @returns the view at column x */
export function viewAt(x: number, context: Context, width: number): ViewNumber | undefined {
  const title = heading(context, width);
  const full = width >= 76 + statusText(context).length + Math.max(0, title.length - 10);
  let left = 2 + title.length;
  for (const number of [1, 2, 3, 4, 5] as ViewNumber[]) {
    const label = number === context.ui.view || full ? viewNames[number].length + 4 : 3;
    if (x >= left && x < left + label) return number;
    left += label;
  }
  return undefined;
}

/** The program's name and the server's address; the address alone where there is little room. */
function heading({ title, address }: Context, width: number): string {
  if (address === undefined) return title;
  return width >= 100 ? `${title} ${address}` : address;
}

function statusText(context: Context): string {
  const synthetic = context.state.models.some(({ start }) => start?.dataset === "synthetic");
  return `${synthetic ? "SYNTHETIC  " : ""}${progressText(context)}`;
}

function progressText({ state, ui }: Context): string {
  if (state.models.length === 0) return "starting …";
  const run = runProgress(state);
  const failed = state.models.filter((model) => model.status === "failed").length;
  const failure = failed > 0 ? `, ${failed} failed` : "";
  if (allEnded(state)) return `finished${failure}`;
  if (ui.quitting) return "saving …";
  if (state.models.some((model) => model.status === "paused")) return `${percentText(run.fraction)} paused${failure}`;
  const left = run.secondsLeft === undefined ? "" : `, ${formatDuration(run.secondsLeft)} left`;
  return `${percentText(run.fraction)}${left}${failure}`;
}

/** Last line: the answer to the last key, or the keys of this view. */
export const footer: Painter = (surface, { state, ui, theme }) => {
  surface.clear(theme.text);
  let x = 1;
  if (ui.message !== "") x += surface.text(x, 0, ui.message, theme.warning) + 2;
  for (const [key, does] of hints(ui.view, allEnded(state) ? "final" : "running")) {
    if (x + key.length + does.length + 1 > surface.width) break;
    x += surface.text(x, 0, key, theme.strong) + 1;
    x += surface.text(x, 0, does, theme.faint) + 2;
  }
  const model = state.models[ui.selected];
  if (state.models.length > 1 && model !== undefined) {
    const text = `${theme.glyphs.pointer} ${model.name}`;
    if (x + text.length + 1 < surface.width) surface.textRight(surface.width - 1, 0, text, theme.models[ui.selected % theme.models.length]);
  }
};
