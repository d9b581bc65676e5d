import type { RunState } from "../../run/state/state.js";
import type { Drawing } from "../drawing.js";
import type { UiState } from "../interaction.js";

/** A drawing and each model's prediction of it. */
export interface DrawingData {
  drawing: Drawing;
  /** On the upper edge, where there is room for it. */
  note: string;
  mouse: "on" | "off";
  readings: DrawingReading[];
}

export interface DrawingReading {
  model: string;
  classNames: readonly string[];
  /** [10]; undefined before the first answer */
  probabilities?: readonly number[];
  status: "reading" | "failed";
}

/** The dashboard's drawing and its models' newest answers. */
export function drawingPanel({ models }: RunState, ui: UiState): DrawingData {
  return {
    drawing: ui.drawing,
    note: "space pen, e eraser, c clear, Esc back",
    mouse: ui.mouse,
    readings: models.map(({ name, start, prediction, status }) => ({
      model: name,
      classNames: start?.classNames ?? [],
      probabilities: prediction?.probabilities,
      status: status === "failed" ? "failed" : "reading",
    })),
  };
}
