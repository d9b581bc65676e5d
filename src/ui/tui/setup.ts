import { formatCount } from "../format.js";
import {
  fieldText,
  formRows,
  initialSetup,
  mostModels,
  pressSetup,
  type SetupChoices,
  type SetupState,
  trainArguments,
} from "../setup-form.js";
import { terminalTraits } from "../terminal.js";
import { fitted, wrap } from "../text.js";
import { paintBorder } from "./paint/border.js";
import type { Surface } from "./paint/surface.js";
import { createTheme, type Theme } from "./paint/theme.js";
import { moveBox, paintedBox } from "./terminal/cells.js";
import { Screen } from "./terminal/screen.js";

interface SetupOptions {
  title: string;
  ascii: boolean;
  color: boolean;
  choices: SetupChoices;
}

/**
 * Shows the set-up form and restores the terminal. Only call it where dashboardUnavailable() says nothing.
 * @returns the arguments of `train`, "train" first, or undefined where the user left
 */
export async function openSetup(options: SetupOptions): Promise<string[] | undefined> {
  const { choices } = options;
  const theme = createTheme(terminalTraits({ env: process.env, ascii: options.ascii, color: options.color }));
  let state = initialSetup(choices);
  let resolve: (args: string[] | undefined) => void = () => {};
  const chosen = new Promise<string[] | undefined>((done) => {
    resolve = done;
  });
  const screen = new Screen({
    key(name) {
      if (name === "C-z") return screen.suspend();
      if (name === "C-l") return screen.redraw();
      state = pressSetup(state, name, choices);
      if (state.outcome === "start") resolve(trainArguments(state, choices));
      else if (state.outcome === "cancel") resolve(undefined);
      else render();
    },
    mouse() {},
    resize: () => render(),
    stray() {},
  });
  const form = paintedBox(theme.charset, (surface) => paintSetup(surface, state, options, theme));
  screen.append(form);
  function render(): void {
    moveBox(form, { x: 0, y: 0, ...screen.size() });
    screen.render();
  }
  render();
  try {
    return await chosen;
  } finally {
    screen.close();
  }
}

/** The whole form; at any size. */
function paintSetup(surface: Surface, state: SetupState, { title, choices }: SetupOptions, theme: Theme): void {
  const inner = paintBorder(surface, theme, `${title}: set up a run`, "Esc leaves");
  const labels = 16;
  const columns = Math.max(1, Math.min(state.models.length, Math.floor((inner.width - labels) / 14)));
  // Where not all models fit, those around the cursor are shown.
  const first = Math.max(0, Math.min(state.column - columns + 1, state.models.length - columns));
  const width = Math.min(24, Math.floor((inner.width - labels) / columns));
  let y = 1;
  for (const [index, row] of formRows(choices).entries()) {
    const here = state.row === index;
    if (row.kind === "button") break;
    inner.text(2, y, row.label, here ? theme.strong : theme.faint);
    if (row.key === "dataset") {
      paintField(inner.region(labels, y, width * 2, 1), state.dataset, here, "choice", theme.text, theme);
      y += 2;
      continue;
    }
    for (let column = 0; column < columns; column++) {
      const ordinal = first + column;
      const { text, given } = fieldText(state.models[ordinal], row, choices);
      const chosen = here && ordinal === state.column;
      const kind = row.kind === "choice" ? "choice" : "text";
      const ink = row.key === "preset" ? theme.models[ordinal % theme.models.length] : given === "default" ? theme.faint : theme.text;
      paintField(inner.region(labels + column * width, y, width - 1, 1), text, chosen, kind, ink, theme);
    }
    y++;
  }
  y++;
  const args = trainArguments(state, choices);
  const problem = choices.check(args);
  const onStart = formRows(choices)[state.row].kind === "button";
  inner.text(2, y, "  Start  ", onStart ? theme.selected : theme.strong);
  const preset = choices.presets.find((candidate) => candidate.name === state.models[state.column].preset);
  if (preset !== undefined) {
    const about = `${preset.name}: ${formatCount(preset.parameters)} parameters. ${preset.description}`;
    inner.text(labels, y, fitted(about, inner.width - labels - 1), theme.faint);
  }
  y += 2;
  for (const line of wrap(`mnist-tui ${args.join(" ")}`, inner.width - 4)) inner.text(2, y++, line, theme.good);
  if (problem !== undefined) for (const line of wrap(problem, inner.width - 4)) inner.text(2, y++, line, theme.error);
  const help = [
    "arrows move, space changes a choice, digits change a number",
    `a adds a model (up to ${mostModels}), x removes one, Enter on Start begins`,
  ];
  const lines = help.flatMap((line) => wrap(line, inner.width - 4));
  lines.forEach((line, index) => {
    const at = inner.height - lines.length + index;
    if (at > y) inner.text(2, at, line, theme.faint);
  });
}

function paintField(surface: Surface, text: string, chosen: boolean, kind: "choice" | "text", ink: number, theme: Theme): void {
  const shown = chosen && kind === "text" ? `${text}_` : text;
  surface.text(0, 0, fitted(shown, Math.min(surface.width, Math.max(10, shown.length + 1))), chosen ? theme.selected : ink);
}
