import type blessed from "blessed";
import { initialState, reduce } from "../../run/state/reduce.js";
import type { RunState } from "../../run/state/state.js";
import { type DrawState, emptyDrawing, framedDrawing, isBlank, movePen, togglePen } from "../drawing.js";
import { initialUi, press } from "../interaction.js";
import { terminalTraits } from "../terminal.js";
import { createTheme } from "./paint/theme.js";
import { cells } from "./terminal/cells.js";
import { openScreen } from "./terminal/screen.js";
import { drawNoted, drawSize, pixelAt } from "./widgets/drawing.js";
import { middle, tooSmall } from "./widgets/overlays.js";

/** A model that reads drawings. */
export interface DrawModel {
  name: string;
  /** For people: "simple, best of run 2025-01-02" */
  origin: string;
  dataset: string;
  classNames: readonly string[];
  /** @param pixels [784] in [0, 1], framed as the dataset's images @returns [10] probabilities */
  predict(pixels: Float32Array): Promise<readonly number[]>;
}

export interface DrawScreenOptions {
  ascii: boolean;
  color: boolean;
  models: readonly DrawModel[];
}

export interface DrawScreen {
  /** Resolves when the user leaves; "C-c" where by Ctrl-C. Rejects where a model fails. */
  finished: Promise<"quit" | "C-c">;
  /** Restores the terminal. May be called more than once. */
  close(): void;
}

/**
 * Takes the terminal over: a canvas, and what the models read while one draws. Tab goes from all models to each alone.
 * Only call it where dashboardUnavailable() says nothing.
 */
export function openDrawScreen({ ascii, color, models }: DrawScreenOptions): DrawScreen {
  const theme = createTheme(terminalTraits({ env: process.env, ascii, color }));
  let ui = { ...initialUi(), overlay: "draw" as const, mouse: "on" as "on" | "off" };
  let state = models.reduce(withModel, initialState());
  /** 0 is all of them. */
  let shown = models.length === 1 ? 1 : 0;
  let asked = 0;
  let asking = false;
  let closed = false;
  let leave!: (how: "quit" | "C-c") => void;
  let fail!: (error: unknown) => void;
  const finished = new Promise<"quit" | "C-c">((resolve, reject) => {
    leave = resolve;
    fail = reject;
  });

  const terminal = openScreen({ key: onKey, mouse: onMouse, resize: render, stray: () => {} });
  terminal.setMouse("on");
  const context = () => ({
    ui,
    theme,
    title: "",
    state: shown === 0 ? state : { ...state, models: [state.models[shown - 1]] },
  });
  const box = cells({
    charset: theme.charset,
    paint: (surface) => drawNoted(surface, context(), whose()),
    top: 0,
    left: 0,
    width: 1,
    height: 1,
  });
  const smallBox = cells({
    charset: theme.charset,
    paint: (surface) => tooSmall(surface, context()),
    top: 0,
    left: 0,
    width: 1,
    height: 1,
  });
  const footer = cells({
    charset: theme.charset,
    paint: (surface) => surface.text(1, 0, hints(), theme.faint),
    top: 0,
    left: 0,
    width: 1,
    height: 1,
  });
  for (const element of [box, smallBox, footer]) terminal.screen.append(element);

  /** @returns which training the answers come from */
  function whose(): string {
    return shown === 0
      ? [...new Set(models.map(({ name, origin }) => origin.replace(`${name}, `, "")))].join(", ")
      : models[shown - 1].origin;
  }

  function hints(): string {
    const which = shown === 0 ? "all models" : models[shown - 1].name;
    const switching = models.length > 1 ? `tab ${which}  ` : "";
    return `${switching}space pen  e eraser  c clear  m mouse ${ui.mouse}  q quit`;
  }

  function rectangle() {
    const { columns, rows } = terminal.size();
    const available = { width: columns, height: rows - 1 };
    const size = drawSize(available);
    return middle(available, size.width, size.height);
  }

  function render(): void {
    if (closed) return;
    const { columns, rows } = terminal.size();
    const { x, y, width, height } = rectangle();
    const fits = columns >= width && rows >= height + 1;
    box.hidden = !fits;
    footer.hidden = !fits;
    smallBox.hidden = fits;
    place(smallBox, 0, 0, columns, rows);
    place(footer, 0, rows - 1, columns, 1);
    if (fits) place(box, x, y, width, height);
    terminal.render();
  }

  function onKey(key: string): void {
    if (key === "C-c" || key === "q" || key === "escape") leave(key === "C-c" ? "C-c" : "quit");
    else if (key === "C-z") terminal.suspend();
    else if (key === "C-l") terminal.redraw();
    else if (key === "tab") shown = models.length === 1 ? 1 : (shown + 1) % (models.length + 1);
    else if (key !== "d" && key !== "?") {
      const pressed = press(ui, key, state);
      ui = { ...pressed.ui, overlay: "draw" };
      terminal.setMouse(ui.mouse);
    }
    changed();
  }

  function onMouse(event: { action: string; x: number; y: number }): void {
    const panel = rectangle();
    const pixel = pixelAt(event.x - panel.x, event.y - panel.y, panel);
    const drawing = ui.draw;
    if (event.action === "up") ui = { ...ui, draw: { ...drawing, pen: "up" } };
    else if (pixel === undefined) return;
    else if (event.action === "down") ui = { ...ui, draw: movePen({ ...drawing, ...pixel, pen: "ink" }, pixel.x, pixel.y) };
    else if (event.action === "move" && drawing.pen !== "up") ui = { ...ui, draw: movePen(drawing, pixel.x, pixel.y) };
    changed();
  }

  function changed(): void {
    render();
    if (!asking && ui.draw.revision !== asked) void ask();
  }

  /** One question at a time; the newest drawing is asked about next. */
  async function ask(): Promise<void> {
    asking = true;
    try {
      while (!closed && ui.draw.revision !== asked) {
        asked = ui.draw.revision;
        if (isBlank(ui.draw)) continue;
        const answers = await answersTo(ui.draw);
        for (const [i, probabilities] of answers.entries())
          state = reduce(state, { ...base(models[i].name), type: "prediction", id: asked, probabilities: [...probabilities] });
        render();
      }
    } catch (error) {
      fail(error);
    }
    asking = false;
  }

  /** @returns [10] probabilities of each model; the drawing is framed once for all models of a dataset */
  function answersTo(drawing: DrawState): Promise<(readonly number[])[]> {
    const datasets = new Set(models.map(({ dataset }) => dataset));
    const framed = new Map([...datasets].map((dataset) => [dataset, Float32Array.from(framedDrawing(drawing, dataset), inParts)]));
    return Promise.all(models.map(({ predict, dataset }) => predict(framed.get(dataset)!)));
  }

  /** The first answer takes longest: it is given before anybody waits for one. */
  async function warmUp(): Promise<void> {
    asking = true;
    await answersTo(togglePen(emptyDrawing(), "ink")).catch(fail);
    await ask();
  }

  render();
  void warmUp();
  return {
    finished,
    close() {
      if (closed) return;
      closed = true;
      terminal.close();
    },
  };
}

const inParts = (value: number) => value / 255;
const base = (model: string) => ({ run: "", model, time: Date.now() });

/** The panel shows a run's models; one that only reads has no training to tell of. */
function withModel(state: RunState, { name, dataset, classNames }: DrawModel): RunState {
  const nothing = {
    parameters: 0,
    threads: 0,
    trainSamples: 0,
    testSamples: 0,
    epochs: 0,
    batchSize: 0,
    stepsPerEpoch: 0,
    learningRate: 0,
    pid: 0,
    step: 0,
  };
  const named = { preset: name, engine: "", device: "", optimizer: "", dataset, classNames: [...classNames] };
  return reduce(state, { ...base(name), type: "start", ...nothing, ...named });
}

function place(element: blessed.Widgets.BoxElement, left: number, top: number, width: number, height: number): void {
  Object.assign(element.position, { left, top, width, height });
}
