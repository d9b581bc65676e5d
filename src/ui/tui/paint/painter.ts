import type { RunState } from "../../../run/state/state.js";
import type { UiState } from "../../interaction.js";
import type { Surface } from "./surface.js";
import type { Theme } from "./theme.js";

/** Everything a widget may look at. */
export interface Context {
  state: RunState;
  ui: UiState;
  theme: Theme;
  /** The program's name and version, for the first line. */
  title: string;
  /** Where the run is served over HTTP, if it is. */
  address?: string;
}

/** Paints the whole surface; must work at any size, 0 × 0 included. */
export type Painter = (surface: Surface, context: Context) => void;

/** The hue of a model, stable for the whole run. */
export function modelInk(theme: Theme, model: number): number {
  return model < 0 ? theme.text : theme.models[model % theme.models.length];
}
