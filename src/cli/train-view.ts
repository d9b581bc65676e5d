import type { RunEvent, TrainerCommand } from "../run/events.js";
import type { View } from "../ui/view.js";
import { colorWanted, outputIsTerminal, writeOutput } from "./output.js";

/** The view of a run on standard output. */
export interface TrainView extends View {
  /** Past events of a resumed run: they shape what is shown from now on, but are not shown as news. */
  replay(events: Iterable<RunEvent>): void;
  /** Resolves when the user leaves the final screen; at once where there is none. */
  finished: Promise<void>;
  /** Lines to print after close(). */
  farewell: "summary" | "place" | "nothing";
}

export interface ViewOptions {
  output: "dashboard" | "plain" | "json";
  title: string;
  ascii: boolean;
  send(command: TrainerCommand, model?: string): void;
  quit(how: "save" | "now"): void;
}

/** The dashboard where standard input and output are a terminal and nothing else was asked for, else lines. */
export async function openView(options: ViewOptions): Promise<TrainView> {
  if (options.output === "json") {
    const { createJson } = await import("../ui/json.js");
    return { ...createJson({ write: writeOutput }), replay() {}, finished: Promise.resolve(), farewell: "nothing" };
  }
  if (options.output === "dashboard" && outputIsTerminal() && process.stdin.isTTY) return openDashboardView(options);
  return openLines();
}

async function openLines(): Promise<TrainView> {
  const { createLines } = await import("../ui/lines.js");
  let muted = false;
  const write = (text: string) => {
    if (!muted) writeOutput(text);
  };
  const lines = createLines({ write, color: outputIsTerminal() && colorWanted() ? "ansi" : "none" });
  return {
    ...lines,
    replay(events) {
      muted = true;
      for (const event of events) lines.event(event);
      muted = false;
    },
    finished: Promise.resolve(),
    farewell: "place",
  };
}

async function openDashboardView(options: ViewOptions): Promise<TrainView> {
  const { openDashboard } = await import("../ui/tui/dashboard.js");
  const { title, ascii, send, quit } = options;
  const dashboard = openDashboard({ title, ascii, color: colorWanted(), send, quit });
  return {
    event: (event) => dashboard.event(event),
    close: () => dashboard.close(),
    replay(events) {
      for (const event of events) dashboard.event(event);
    },
    finished: dashboard.finished,
    farewell: "summary",
  };
}
