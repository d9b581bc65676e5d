import type { Layer } from "./layers.js";
import type { Node } from "./nodes.js";
import type { Parameter } from "./parameters.js";

/** A network as data: its layers and parameters, without the code that computes them. */
export interface Model {
  /** "simple" */
  preset: string;
  layers: readonly Layer[];
  nodes: readonly Node[];
  parameters: readonly Parameter[];
  /** Trainable ones only. */
  parameterCount: number;
}
