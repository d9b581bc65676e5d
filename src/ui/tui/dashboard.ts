import type { TrainerCommand } from "../../run/events.js";
import { allEnded } from "../../run/state/progress.js";
import type { RunState } from "../../run/state/state.js";
import type { RunStore } from "../../run/state/store.js";
import { plainText } from "../../util/plain-text.js";
import { type Effect, initialUi, press, type UiState } from "../interaction.js";
import type { RunView } from "../run-view.js";
import { terminalTraits } from "../terminal.js";
import { DashboardBoxes } from "./dashboard-boxes.js";
import { drawWithMouse } from "./drawing-mouse.js";
import { FrameScheduler } from "./frame-scheduler.js";
import type { Context } from "./paint/painter.js";
import type { Size } from "./paint/rectangle.js";
import { createTheme } from "./paint/theme.js";
import type { MouseEvent } from "./terminal/mouse.js";
import { Screen } from "./terminal/screen.js";
import { TrainerQuestions } from "./trainer-questions.js";
import { viewAt } from "./widgets/header-footer.js";
import { overlayOf } from "./widgets/overlays.js";

interface DashboardOptions {
  store: RunStore;
  /** Shown in the first line: the program's name. */
  title: string;
  /** Address of the server that the run is served on, shown beside it. */
  address?: string;
  ascii: boolean;
  color: boolean;
  /** model undefined: to all. */
  send(command: TrainerCommand, model?: string): void;
  /** "save": stop all trainers, let them save, then close(); "now": close() and exit at once. `key` is the key pressed: "q", "C-c". */
  quit(how: "save" | "now", key: string): void;
}

interface Dashboard extends RunView {
  /** Resolves when the user leaves the final screen, or after close(). */
  finished: Promise<void>;
  /** Restores the terminal at once; for signal handlers. close() does the same. */
  restore(): void;
}

/**
 * Takes the terminal over until close(). The caller decides on exit codes; whatever ends the process, the terminal is restored first.
 * Only call it where dashboardUnavailable() says nothing.
 */
export function openDashboard(options: DashboardOptions): Dashboard {
  return new TerminalDashboard(options);
}

class TerminalDashboard implements Dashboard {
  readonly finished: Promise<void>;
  private finish: () => void = () => {};
  private ui = initialUi();
  private lastKey = "";
  private closed = false;
  private readonly base: Pick<Context, "theme" | "title" | "address">;
  private readonly screen: Screen;
  private readonly boxes: DashboardBoxes;
  private readonly frames = new FrameScheduler(() => this.render());
  private readonly questions: TrainerQuestions;
  private readonly unsubscribe: () => void;

  constructor(private readonly options: DashboardOptions) {
    const { store, title, address, ascii, color } = options;
    this.finished = new Promise((resolve) => {
      this.finish = resolve;
    });
    const theme = createTheme(terminalTraits({ env: process.env, ascii, color }));
    this.base = { theme, title: plainText(title), address };
    this.questions = new TrainerQuestions(() => this.context(), options.send);
    this.screen = new Screen({
      key: (name) => this.onKey(name),
      mouse: (event) => this.onMouse(event),
      resize: () => this.frames.afterResize(),
      stray: (line) => store.note("warning", line, Date.now()),
    });
    this.boxes = new DashboardBoxes(this.screen, () => this.context(), theme.charset);
    this.unsubscribe = store.subscribe((state) => this.onChange(state));
    this.frames.renderNow();
  }

  async close(): Promise<void> {
    this.restore();
  }

  restore(): void {
    if (this.closed) return;
    this.closed = true;
    this.unsubscribe();
    this.frames.stop();
    this.questions.stop();
    this.screen.close();
    this.finish();
  }

  private context(): Context {
    return { ...this.base, state: this.options.store.state, ui: this.ui };
  }

  private render(): void {
    this.boxes.arrange();
    this.screen.render();
  }

  private onChange(state: RunState): void {
    if (this.ui.quitting && allEnded(state)) this.finish();
    if (this.ui.view === 2 || this.ui.overlay === "drawing") this.questions.schedule();
    this.frames.afterEvent();
  }

  private onKey(name: string): void {
    this.lastKey = name;
    const { ui, effects } = press(this.ui, name, this.options.store.state);
    this.show(ui, effects);
  }

  private onMouse(event: MouseEvent): void {
    const { ui } = this;
    const size: Size = this.screen.size();
    if (ui.overlay === "drawing") {
      this.show({ ...ui, drawing: drawWithMouse(ui.drawing, event, overlayOf(this.context(), size)!.rectangle) });
    } else if (event.action === "down" && event.y === 0) {
      const view = viewAt(event.x, this.context(), size.width);
      if (view !== undefined) this.show({ ...ui, view });
    } else if (event.action === "wheelUp" || event.action === "wheelDown") {
      this.show(press(ui, event.action === "wheelUp" ? "pageup" : "pagedown", this.options.store.state).ui);
    }
  }

  /** Shows the user's choices, and carries out the effects of the key. */
  private show(ui: UiState, effects: readonly Effect[] = []): void {
    this.ui = ui;
    this.screen.setMouse(ui.mouse);
    for (const effect of effects) this.carryOut(effect);
    if (this.closed) return;
    this.questions.schedule();
    this.frames.afterInput();
  }

  private carryOut(effect: Effect): void {
    switch (effect.type) {
      case "send":
        this.options.send(effect.command, effect.model);
        break;
      case "quit":
        this.options.quit(effect.how, this.lastKey);
        break;
      case "leave":
        this.finish();
        break;
      case "suspend":
        this.screen.suspend();
        break;
      case "redraw":
        this.screen.redraw();
        break;
    }
  }
}
