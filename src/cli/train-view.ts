import type { TrainerCommand } from "../run/events.js";
import type { RunStore } from "../run/state/store.js";
import type { RunView } from "../ui/run-view.js";
import { colorWanted, dashboardProblem, outputIsTerminal, writeOutput, writeText } from "./output.js";

/** The view of a run on standard output. */
export interface TrainView extends RunView {
  /** Shows a final screen, on which the user may still ask about the models. */
  staysOpen: boolean;
  /** Resolves when the user leaves the final screen; at once where there is none. */
  finished: Promise<void>;
  /** Lines to print after close(). */
  farewell: "summary" | "place" | "nothing";
}

interface ViewOptions {
  store: RunStore;
  ascii: boolean;
  /** Address of the server that the run is served on: "http://127.0.0.1:5000". */
  address?: string;
  send(command: TrainerCommand, model?: string): void;
  /** key: "C-c" is Ctrl-C, which counts as an interrupt. */
  quit(how: "save" | "now", key: string): void;
}

/**
 * Loads the code of the right view, while the caller waits for other things: the dashboard where standard input and output are a
 * terminal and nothing else was asked for, else lines.
 * @returns opens the view
 */
export async function loadView(output: "dashboard" | "plain" | "json"): Promise<(options: ViewOptions) => TrainView> {
  if (output === "json") return loadJson();
  return output === "dashboard" && dashboardProblem() === undefined ? loadDashboard() : loadLines();
}

async function loadJson(): Promise<(options: ViewOptions) => TrainView> {
  const { createJson } = await import("../ui/json.js");
  return ({ store }) => ({
    ...createJson(store, { write: writeOutput }),
    staysOpen: false,
    finished: Promise.resolve(),
    farewell: "nothing",
  });
}

async function loadLines(): Promise<(options: ViewOptions) => TrainView> {
  const { createLines } = await import("../ui/lines.js");
  return ({ store, ascii }) => ({
    ...createLines(store, { write: (text) => writeText(text, { ascii }), color: outputIsTerminal() && colorWanted() ? "ansi" : "none" }),
    staysOpen: false,
    finished: Promise.resolve(),
    farewell: "place",
  });
}

async function loadDashboard(): Promise<(options: ViewOptions) => TrainView> {
  const { openDashboard } = await import("../ui/tui/dashboard.js");
  return ({ store, ascii, address, send, quit }) => {
    const dashboard = openDashboard({ store, title: "mnist-tui", address, ascii, color: colorWanted(), send, quit });
    return { close: () => dashboard.close(), staysOpen: true, finished: dashboard.finished, farewell: "summary" };
  };
}
