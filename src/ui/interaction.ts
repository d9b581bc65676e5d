import type { TrainerCommand } from "../run/events.js";
import { ended } from "../run/state/model.js";
import { allEnded } from "../run/state/progress.js";
import type { RunState } from "../run/state/state.js";
import { type Drawing, drawingKey, emptyDrawing } from "./drawing.js";
import type { ChartOptions } from "./panels/chart.js";
import type { SamplesMode } from "./panels/samples.js";

/** The choices of the person at the dashboard, and the effect of each key. Pure: effects are returned, never carried out here. */
export interface UiState {
  view: ViewNumber;
  /** Ordinal of the selected model. */
  selected: number;
  overlay: "none" | "help" | "confirm-quit" | "confirm-stop" | "drawing";
  chart: ChartOptions;
  confusion: { row: number; column: number; unit: "count" | "percent" };
  samplesMode: SamplesMode;
  /** Evaluations back from the newest in views 2 and 3. */
  back: number;
  /** Test accuracy as a fraction, for the column "time to target". */
  target: number;
  /** Lines back in the log. */
  logBack: number;
  mouse: "off" | "on";
  drawing: Drawing;
  /** The user asked to leave: the screen goes as soon as the trainers have saved. */
  quitting: boolean;
  /** One line about the last key, until the next one. */
  message: string;
}

export type ViewNumber = 1 | 2 | 3 | 4 | 5;
export const viewNames: Record<ViewNumber, string> = { 1: "Overview", 2: "Confusion", 3: "Samples", 4: "Model", 5: "System" };

export type Effect =
  /** Without `model`: to all trainers. */
  | { type: "send"; command: TrainerCommand; model?: string }
  | { type: "quit"; how: "save" | "now" }
  /** Leave the final screen. */
  | { type: "leave" }
  | { type: "suspend" }
  | { type: "redraw" };

interface Pressed {
  ui: UiState;
  effects: Effect[];
}

const targets = [0.95, 0.97, 0.98, 0.99, 0.995] as const;
const smoothings = [0, 0.01, 0.03, 0.1] as const;
const zooms = [1, 0.5, 0.25, 0.1] as const;

export function initialUi(): UiState {
  return {
    view: 1,
    selected: 0,
    overlay: "none",
    chart: { xAxis: "epoch", smoothing: 0, lossScale: "linear", zoom: 1, accuracyAxis: "auto" },
    confusion: { row: 0, column: 0, unit: "count" },
    samplesMode: "fixed",
    back: 0,
    target: 0.98,
    logBack: 0,
    mouse: "off",
    drawing: emptyDrawing(),
    quitting: false,
    message: "",
  };
}

/**
 * @param key a key's name as tui/terminal/keys.ts gives it: "a", "A", "space", "left", "C-c", "escape", "enter", "tab", "S-tab"
 * @param state the run that the key acts on
 */
export function press(ui: UiState, key: string, state: RunState): Pressed {
  const before: UiState = { ...ui, message: "" };
  if (key === "C-c") return ui.quitting ? { ui: before, effects: [{ type: "quit", how: "now" }] } : quit(before, state);
  if (key === "C-z") return { ui: before, effects: [{ type: "suspend" }] };
  if (key === "C-l") return { ui: before, effects: [{ type: "redraw" }] };
  switch (ui.overlay) {
    case "help":
      return changed({ ...before, overlay: "none" });
    case "confirm-quit":
      return key === "y" || key === "q" || key === "enter"
        ? quit({ ...before, overlay: "none" }, state)
        : changed({ ...before, overlay: "none", message: "training goes on" });
    case "confirm-stop": {
      const model = state.models[ui.selected];
      if ((key === "y" || key === "x" || key === "enter") && model !== undefined) {
        return send(
          { ...before, overlay: "none", message: `${model.name} stops, its best is kept` },
          { type: "stop", reason: "stopped" },
          model.name,
        );
      }
      return changed({ ...before, overlay: "none", message: "training goes on" });
    }
    case "drawing":
      return pressInDrawing(before, key);
    default:
      return pressInView(before, key, state);
  }
}

function changed(ui: UiState): Pressed {
  return { ui, effects: [] };
}

function send(ui: UiState, command: TrainerCommand, model?: string): Pressed {
  return { ui, effects: [model === undefined ? { type: "send", command } : { type: "send", command, model }] };
}

function quit(ui: UiState, state: RunState): Pressed {
  if (allEnded(state)) return { ui, effects: [{ type: "leave" }] };
  return { ui: { ...ui, quitting: true, message: "saving …" }, effects: [{ type: "quit", how: "save" }] };
}

function pressInView(ui: UiState, key: string, state: RunState): Pressed {
  const general =
    generalKey(ui, key, state) ??
    (ui.view === 2 ? confusionKey(ui, key, state) : ui.view === 3 ? samplesKey(ui, key, state) : undefined) ??
    chartKey(ui, key);
  if (general !== undefined) return general;
  return allEnded(state) ? { ui, effects: [{ type: "leave" }] } : changed(ui);
}

function generalKey(ui: UiState, key: string, state: RunState): Pressed | undefined {
  const model = state.models[ui.selected];
  const count = Math.max(1, state.models.length);
  switch (key) {
    case "1":
    case "2":
    case "3":
    case "4":
    case "5":
      return changed({ ...ui, view: Number(key) as ViewNumber });
    case "tab":
      return changed({ ...ui, selected: (ui.selected + 1) % count });
    case "S-tab":
      return changed({ ...ui, selected: (ui.selected + count - 1) % count });
    case "?":
    case "h":
      return changed({ ...ui, overlay: "help" });
    case "d":
      return changed({ ...ui, overlay: "drawing" });
    case "m":
      return changed({ ...ui, mouse: ui.mouse === "on" ? "off" : "on", message: ui.mouse === "on" ? "mouse off" : "mouse on" });
    case "t":
      return changed({ ...ui, target: next(targets, ui.target) });
    case "pageup":
      return changed({ ...ui, logBack: Math.min(Math.max(0, state.log.length - 1), ui.logBack + 5) });
    case "pagedown":
      return changed({ ...ui, logBack: Math.max(0, ui.logBack - 5) });
    case "Q":
    case "S-q":
      return { ui, effects: allEnded(state) ? [{ type: "leave" }] : [{ type: "quit", how: "now" }] };
    default:
      break;
  }
  if (allEnded(state)) return undefined;
  switch (key) {
    case "q":
      return ui.quitting ? changed({ ...ui, message: "saving … (Q leaves now)" }) : changed({ ...ui, overlay: "confirm-quit" });
    case "space": {
      const paused = state.models.some((candidate) => candidate.status === "paused");
      return send({ ...ui, message: paused ? "training goes on" : "pausing after this chunk" }, { type: paused ? "resume" : "pause" });
    }
    case "s":
      return send({ ...ui, message: "saving a checkpoint of every model" }, { type: "checkpoint" });
    case "+":
    case "=":
    case "-":
    case "_": {
      if (model === undefined || ended(model)) return changed(ui);
      const faster = key === "+" || key === "=";
      return send(
        { ...ui, message: `learning rate of ${model.name} ${faster ? "× 1.25" : "× 0.8"}` },
        { type: "learningRate", factor: faster ? 1.25 : 0.8 },
        model.name,
      );
    }
    case "x":
      return model === undefined || ended(model) ? changed(ui) : changed({ ...ui, overlay: "confirm-stop" });
    default:
      return undefined;
  }
}

function chartKey(ui: UiState, key: string): Pressed | undefined {
  const chart = (change: Partial<ChartOptions>): Pressed => changed({ ...ui, chart: { ...ui.chart, ...change } });
  const { cursor } = ui.chart;
  switch (key) {
    case "e":
      return chart({ xAxis: next(["epoch", "step", "seconds"], ui.chart.xAxis) });
    case "l":
      return chart({ lossScale: ui.chart.lossScale === "log" ? "linear" : "log" });
    case "w":
      return chart({ smoothing: next(smoothings, ui.chart.smoothing) });
    case "z":
      return chart({ zoom: next(zooms, ui.chart.zoom) });
    case "a":
      return chart({ accuracyAxis: next(["auto", "top", "full"], ui.chart.accuracyAxis) });
    case "left":
      return chart({ cursor: Math.max(0, (cursor ?? 1) - 0.02) });
    case "right":
      return chart({ cursor: Math.min(1, (cursor ?? 1) + 0.02) });
    case "home":
      return chart({ cursor: 0 });
    case "end":
      return chart({ cursor: 1 });
    case "escape":
      return cursor === undefined ? undefined : chart({ cursor: undefined });
    default:
      return undefined;
  }
}

function confusionKey(ui: UiState, key: string, state: RunState): Pressed | undefined {
  const { row, column, unit } = ui.confusion;
  const select = (toRow: number, toColumn: number): Pressed =>
    changed({ ...ui, confusion: { unit, row: (toRow + 10) % 10, column: (toColumn + 10) % 10 } });
  switch (key) {
    case "up":
      return select(row - 1, column);
    case "down":
      return select(row + 1, column);
    case "left":
      return select(row, column - 1);
    case "right":
      return select(row, column + 1);
    case "%":
    case "p":
      return changed({ ...ui, confusion: { ...ui.confusion, unit: unit === "count" ? "percent" : "count" } });
    default:
      return historyKey(ui, key, state.models[ui.selected]?.evaluations.length ?? 0);
  }
}

function samplesKey(ui: UiState, key: string, state: RunState): Pressed | undefined {
  if (key === "v") return changed({ ...ui, samplesMode: next(["fixed", "worst", "uncertain"], ui.samplesMode) });
  return historyKey(ui, key, state.models[ui.selected]?.samples.length ?? 0);
}

function historyKey(ui: UiState, key: string, length: number): Pressed | undefined {
  switch (key) {
    case ",":
    case "<":
      return changed({ ...ui, back: Math.min(Math.max(0, length - 1), ui.back + 1) });
    case ".":
    case ">":
      return changed({ ...ui, back: Math.max(0, ui.back - 1) });
    default:
      return undefined;
  }
}

function pressInDrawing(ui: UiState, key: string): Pressed {
  switch (key) {
    case "escape":
    case "d":
    case "q":
      return changed({ ...ui, overlay: "none" });
    case "m":
      return changed({ ...ui, mouse: ui.mouse === "on" ? "off" : "on" });
    case "?":
      return changed({ ...ui, overlay: "help" });
    default:
      return changed({ ...ui, drawing: drawingKey(ui.drawing, key) ?? ui.drawing });
  }
}

/** The value after `current` in a ring. */
function next<Value>(values: readonly Value[], current: Value): Value {
  return values[(values.indexOf(current) + 1) % values.length];
}
