import type blessed from "blessed";
import { drawingKey, emptyDrawing } from "../drawing.js";
import { DrawingPredictor, type PredictingModel } from "../drawing-predictor.js";
import type { DrawingData } from "../panels/drawing.js";
import { terminalTraits } from "../terminal.js";
import { drawWithMouse } from "./drawing-mouse.js";
import { centred, type Rectangle } from "./paint/rectangle.js";
import { createTheme, type Theme } from "./paint/theme.js";
import { moveBox, paintedBox } from "./terminal/cells.js";
import type { MouseEvent } from "./terminal/mouse.js";
import { Screen } from "./terminal/screen.js";
import { drawingSize, paintDrawing } from "./widgets/drawing.js";
import { isTooSmall, paintTooSmall } from "./widgets/too-small.js";

interface DrawScreenOptions {
  ascii: boolean;
  color: boolean;
  models: readonly PredictingModel[];
}

/** The screen of the command `draw`. */
interface DrawScreen {
  /** Resolves when the user leaves; "C-c" where by Ctrl-C. Rejects where a model fails. */
  finished: Promise<"quit" | "C-c">;
  /** Restores the terminal. May be called more than once. */
  close(): void;
}

/**
 * Takes the terminal over: a canvas, and the models' readings during the drawing. Tab goes from all models to each alone.
 * Only call it where dashboardUnavailable() says nothing.
 */
export function openDrawScreen(options: DrawScreenOptions): DrawScreen {
  return new TerminalDrawScreen(options);
}

class TerminalDrawScreen implements DrawScreen {
  readonly finished: Promise<"quit" | "C-c">;
  private leave: (how: "quit" | "C-c") => void = () => {};
  private fail: (error: unknown) => void = () => {};
  private readonly models: readonly PredictingModel[];
  private readonly theme: Theme;
  private readonly screen: Screen;
  private readonly panel: blessed.Widgets.BoxElement;
  private readonly hints: blessed.Widgets.BoxElement;
  private readonly tooSmall: blessed.Widgets.BoxElement;
  private readonly predictor: DrawingPredictor;
  private drawing = emptyDrawing();
  private mouse: "on" | "off" = "on";
  /** [models][10], once they have answered. */
  private probabilities: (readonly number[])[] = [];
  /** Ordinal of the model that is shown, or all of them. */
  private shown: number | "all";

  constructor({ ascii, color, models }: DrawScreenOptions) {
    this.finished = new Promise((resolve, reject) => {
      this.leave = resolve;
      this.fail = reject;
    });
    this.models = models;
    this.shown = models.length === 1 ? 0 : "all";
    this.theme = createTheme(terminalTraits({ env: process.env, ascii, color }));
    const { charset } = this.theme;
    // Boxes can only be made where there is a screen.
    this.screen = new Screen({
      key: (name) => this.onKey(name),
      mouse: (event) => this.onMouse(event),
      resize: () => this.render(),
      stray() {},
    });
    this.panel = paintedBox(charset, (surface) => paintDrawing(surface, this.data(), this.theme));
    this.hints = paintedBox(charset, (surface) => surface.text(1, 0, this.hintText(), this.theme.faint));
    this.tooSmall = paintedBox(charset, (surface) => paintTooSmall(surface, this.theme));
    this.predictor = new DrawingPredictor(models, {
      predicted: (probabilities) => {
        this.probabilities = probabilities;
        this.render();
      },
      failed: (error) => this.fail(error),
    });
    this.screen.setMouse(this.mouse);
    this.screen.append(this.panel, this.tooSmall, this.hints);
    this.render();
    this.predictor.warmUp();
  }

  close(): void {
    this.predictor.stop();
    this.screen.close();
  }

  private onKey(key: string): void {
    if (key === "C-c" || key === "q" || key === "escape") this.leave(key === "C-c" ? "C-c" : "quit");
    else if (key === "C-z") this.screen.suspend();
    else if (key === "C-l") this.screen.redraw();
    else if (key === "tab") this.shown = this.nextShown();
    else if (key === "m") this.setMouse(this.mouse === "on" ? "off" : "on");
    else this.drawing = drawingKey(this.drawing, key) ?? this.drawing;
    this.showDrawing();
  }

  private onMouse(event: MouseEvent): void {
    this.drawing = drawWithMouse(this.drawing, event, this.panelRectangle());
    this.showDrawing();
  }

  private setMouse(mode: "on" | "off"): void {
    this.mouse = mode;
    this.screen.setMouse(mode);
  }

  private nextShown(): number | "all" {
    const last = this.models.length - 1;
    if (this.shown === "all") return 0;
    return this.shown < last ? this.shown + 1 : last === 0 ? 0 : "all";
  }

  private showDrawing(): void {
    this.render();
    this.predictor.ask(this.drawing);
  }

  private render(): void {
    const { width, height } = this.screen.size();
    const small = isTooSmall({ width, height });
    this.panel.hidden = small;
    this.hints.hidden = small;
    this.tooSmall.hidden = !small;
    moveBox(this.panel, this.panelRectangle());
    moveBox(this.hints, { x: 0, y: height - 1, width, height: 1 });
    moveBox(this.tooSmall, { x: 0, y: 0, width, height });
    this.screen.render();
  }

  /** The last line of the screen stays free for the hints. */
  private panelRectangle(): Rectangle {
    const { width, height } = this.screen.size();
    const available = { width, height: height - 1 };
    return centred(drawingSize(available), available);
  }

  private data(): DrawingData {
    const readings = this.models.map(({ name, classNames }, index) => ({
      model: name,
      classNames,
      probabilities: this.probabilities[index],
      status: "reading" as const,
    }));
    return {
      drawing: this.drawing,
      note: this.originText(),
      mouse: this.mouse,
      readings: this.shown === "all" ? readings : [readings[this.shown]],
    };
  }

  /** Which training the answers come from. */
  private originText(): string {
    return this.shown === "all"
      ? [...new Set(this.models.map(({ name, origin }) => origin.replace(`${name}, `, "")))].join(", ")
      : this.models[this.shown].origin;
  }

  private hintText(): string {
    const which = this.shown === "all" ? "all models" : this.models[this.shown].name;
    const switching = this.models.length > 1 ? `tab ${which}  ` : "";
    return `${switching}space pen  e eraser  c clear  m mouse ${this.mouse}  q quit`;
  }
}
