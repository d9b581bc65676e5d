import blessed from "blessed";
import type { TrainerCommand } from "../../run/events.js";
import type { RunStore } from "../../run/state/store.js";
import { plainText } from "../../util/plain-text.js";
import { framedDrawing, isBlank, movePen } from "../drawing.js";
import { type Effect, initialUi, isFinal, press, type UiState } from "../interaction.js";
import type { RunView } from "../run-view.js";
import { terminalTraits } from "../terminal.js";
import { placeInGrid } from "./grid.js";
import { layout, smallest } from "./layout.js";
import type { Context, Painter } from "./paint/painter.js";
import type { Surface } from "./paint/surface.js";
import { createTheme } from "./paint/theme.js";
import { cells } from "./terminal/cells.js";
import { openScreen } from "./terminal/screen.js";
import { draw, drawSize, pixelAt } from "./widgets/drawing.js";
import { footer, header, viewAt } from "./widgets/header-footer.js";
import { confirm, confirmText, help, helpSize, middle, tooSmall } from "./widgets/overlays.js";

export interface DashboardOptions {
  store: RunStore;
  /** Shown in the first line: the program's name. */
  title: string;
  ascii: boolean;
  color: boolean;
  /** model undefined: to all. */
  send(command: TrainerCommand, model?: string): void;
  /** "save": stop all trainers, let them save, then close(); "now": close() and exit at once. `key` is what was pressed: "q", "C-c". */
  quit(how: "save" | "now", key: string): void;
}

export interface DashboardView extends RunView {
  /** Resolves when the user leaves the final screen, or after close(). */
  finished: Promise<void>;
  /** Restores the terminal at once; for signal handlers. close() does the same. */
  restore(): void;
}

/**
 * What events show comes at most this often, and takes at most this share of a core from training; but never rarer than slowest, and as often as
 * may be for a while after a key, whose answers may still be on their way.
 */
const frames = { fastest: 100, slowest: 500, share: 0.015, attentive: 2000 };
const resizeMilliseconds = 30;
/** A key held down asks for the place where it stops, not for every one on the way. */
const askMilliseconds = 120;

/**
 * Takes the terminal over until close(). The caller decides on exit codes; whatever ends the process, the terminal is restored first.
 * Only call it where dashboardUnavailable() says nothing.
 */
export function openDashboard(options: DashboardOptions): DashboardView {
  const traits = terminalTraits({ env: process.env, ascii: options.ascii, color: options.color });
  const theme = createTheme(traits);
  const title = plainText(options.title);
  const { store } = options;
  let ui = initialUi();
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = 0;
  let drawnAt = 0;
  let drawingTook = 0;
  let touchedAt = 0;
  let asked = "";
  let asking: NodeJS.Timeout | undefined;
  let predicted = 0;
  let lastKey = "";
  let resolveFinished: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    resolveFinished = resolve;
  });

  const terminal = openScreen({
    key: (name) => {
      lastKey = name;
      const pressed = press(ui, name, store.state);
      apply(pressed.ui, pressed.effects);
    },
    mouse: onMouse,
    resize: () => schedule(resizeMilliseconds),
    stray: (line) => {
      store.note("warning", line, Date.now());
    },
  });
  const { screen } = terminal;
  const context = (): Context => ({ state: store.state, ui, theme, title });
  const box = (paint: Painter): blessed.Widgets.BoxElement =>
    cells({ charset: theme.charset, paint: (surface: Surface) => paint(surface, context()), top: 0, left: 0, width: 1, height: 1 });
  const body = blessed.box({ top: 1, left: 0, width: 1, height: 1 });
  const headerBox = box(header);
  const footerBox = box(footer);
  const overlayBox = box((surface, now) => overlayPainter(now.ui)?.(surface, now));
  const smallBox = box(tooSmall);
  for (const element of [body, headerBox, footerBox, overlayBox, smallBox]) screen.append(element);
  let placed = "";
  let placedBoxes: blessed.Widgets.BoxElement[] = [];

  function arrange(): void {
    const { columns, rows } = terminal.size();
    const small = columns < smallest.columns || rows < smallest.rows;
    const bodySize = {
      columns,
      rows: rows - 2,
      models: store.state.models.length,
      gpus: store.state.gpus.length,
      stage: isFinal(store.state) ? "final" : "running",
    } as const;
    const key = small ? `small ${columns} ${rows}` : `${ui.view} ${Object.values(bodySize).join(" ")}`;
    if (key !== placed) {
      placed = key;
      for (const old of placedBoxes) old.detach();
      placedBoxes = [];
      for (const element of [body, headerBox, footerBox]) element.hidden = small;
      smallBox.hidden = !small;
      put(smallBox, 0, 0, columns, rows);
      put(headerBox, 0, 0, columns, 1);
      put(footerBox, 0, rows - 1, columns, 1);
      put(body, 0, 1, columns, Math.max(1, rows - 2));
      if (!small) {
        const places = layout(ui.view, bodySize);
        placedBoxes = placeInGrid(places, { body, ...bodySize, charset: theme.charset }, context);
      }
    }
    const overlay = small ? undefined : overlayRectangle();
    overlayBox.hidden = overlay === undefined;
    if (overlay !== undefined) put(overlayBox, overlay.x, overlay.y, overlay.width, overlay.height);
  }

  function overlayRectangle() {
    const { columns, rows } = terminal.size();
    const available = { width: columns, height: rows };
    switch (ui.overlay) {
      case "none":
        return undefined;
      case "help": {
        const size = helpSize(available);
        return middle(available, size.width, size.height);
      }
      case "draw": {
        const size = drawSize(available);
        return middle(available, size.width, size.height);
      }
      default:
        return middle(available, Math.max(...confirmText(context()).map((line) => line.length)) + 6, 6);
    }
  }

  function frame(): void {
    timer = undefined;
    if (closed) return;
    drawnAt = Date.now();
    arrange();
    terminal.render();
    drawingTook = Date.now() - drawnAt;
  }

  /** A frame so many milliseconds after the last one, or earlier where one is due earlier. */
  function schedule(milliseconds: number): void {
    const due = drawnAt + milliseconds;
    if (closed || (timer !== undefined && dueAt <= due)) return;
    clearTimeout(timer);
    dueAt = due;
    timer = setTimeout(frame, Math.max(0, due - Date.now()));
  }

  function scheduleFrame(): void {
    const attentive = Date.now() - touchedAt < frames.attentive;
    schedule(attentive ? frames.fastest : Math.min(frames.slowest, Math.max(frames.fastest, drawingTook / frames.share)));
  }

  function apply(next: UiState, effects: Effect[]): void {
    const before = ui;
    ui = next;
    touchedAt = Date.now();
    if (ui.mouse !== before.mouse) terminal.setMouse(ui.mouse);
    for (const effect of effects) carryOut(effect);
    if (asking === undefined) asking = setTimeout(ask, askMilliseconds);
    // A key should be answered faster than the pace of frames.
    schedule(resizeMilliseconds);
  }

  function carryOut(effect: Effect): void {
    switch (effect.type) {
      case "send":
        options.send(effect.command, effect.model);
        break;
      case "quit":
        options.quit(effect.how, lastKey);
        break;
      case "leave":
        resolveFinished();
        break;
      case "suspend":
        terminal.suspend();
        break;
      case "redraw":
        terminal.redraw();
        break;
    }
  }

  /** Questions to the trainers that the present view needs answered: each is asked once. */
  function ask(): void {
    asking = undefined;
    if (closed) return;
    const model = store.state.models[ui.selected];
    if (ui.view === 2 && model !== undefined && model.evaluations.length > 0) {
      const { step } = model.evaluations[Math.max(0, model.evaluations.length - 1 - ui.back)];
      const { row, column } = ui.confusion;
      const question = `${model.name} ${step} ${row} ${column}`;
      if (question !== asked) {
        asked = question;
        options.send({ type: "examples", id: step * 100 + row * 10 + column, label: row, prediction: column, step }, model.name);
      }
    }
    if (ui.overlay === "draw" && ui.draw.revision !== predicted && !isBlank(ui.draw)) {
      predicted = ui.draw.revision;
      options.send({
        type: "predict",
        id: predicted,
        pixels: Buffer.from(framedDrawing(ui.draw, model?.start?.dataset ?? "")).toString("base64"),
      });
    }
  }

  function onMouse(event: { action: string; x: number; y: number }): void {
    const rectangle = overlayRectangle();
    if (ui.overlay === "draw" && rectangle !== undefined) {
      const pixel = pixelAt(event.x - rectangle.x, event.y - rectangle.y, rectangle);
      if (pixel === undefined) return;
      const { draw: drawing } = ui;
      if (event.action === "down")
        apply({ ...ui, draw: movePen({ ...drawing, x: pixel.x, y: pixel.y, pen: "ink" }, pixel.x, pixel.y) }, []);
      else if (event.action === "move" && drawing.pen !== "up") apply({ ...ui, draw: movePen(drawing, pixel.x, pixel.y) }, []);
      else if (event.action === "up") apply({ ...ui, draw: { ...drawing, pen: "up" } }, []);
      return;
    }
    if (event.action === "down" && event.y === 0) {
      const view = viewAt(event.x, context(), terminal.size().columns);
      if (view !== undefined) apply({ ...ui, view }, []);
    } else if (event.action === "wheelUp" || event.action === "wheelDown") {
      apply(press(ui, event.action === "wheelUp" ? "pageup" : "pagedown", store.state).ui, []);
    }
  }

  function restore(): void {
    if (closed) return;
    closed = true;
    unsubscribe();
    clearTimeout(timer);
    clearTimeout(asking);
    terminal.close();
    resolveFinished();
  }

  const unsubscribe = store.subscribe((state) => {
    if (ui.quitting && isFinal(state)) resolveFinished();
    if (asking === undefined && (ui.view === 2 || ui.overlay === "draw")) asking = setTimeout(ask, askMilliseconds);
    scheduleFrame();
  });
  frame();
  return {
    async close(): Promise<void> {
      restore();
    },
    restore,
    finished,
  };
}

function overlayPainter(ui: UiState): Painter | undefined {
  return ui.overlay === "help" ? help : ui.overlay === "draw" ? draw : ui.overlay === "none" ? undefined : confirm;
}

function put(element: blessed.Widgets.BoxElement, left: number, top: number, width: number, height: number): void {
  Object.assign(element.position, { left, top, width, height });
}
