/**
 * A model as data: a tree of layers with PyTorch names. Activations are [channels, height, width] in every shape here;
 * how an engine lays them out is its own affair.
 */
export type Layer =
  | { type: "conv"; name: string; filters: number; kernelSize: 1 | 3; stride: 1 | 2; padding: "same" | "valid"; bias: boolean }
  | { type: "batchNorm"; name: string }
  | { type: "relu" }
  /** 2×2, stride 2; an odd last row or column is dropped. */
  | { type: "maxPool" }
  | { type: "globalAveragePool" }
  /** In PyTorch's order: channel, row, column. */
  | { type: "flatten" }
  | { type: "dropout"; rate: number }
  | { type: "dense"; name: string; units: number }
  /** body(x) + shortcut(x); an empty shortcut is the identity. The relu after the sum is a layer of its own. */
  | { type: "residual"; name: string; body: Layer[]; shortcut: Layer[] };

export type Shape = readonly [channels: number, height: number, width: number];

/** A layer with its shapes; ids count conv … residual in execution order (body before shortcut before the residual itself). */
export interface Node {
  id: number;
  layer: Layer;
  input: Shape;
  /** A flattened or dense activation of n values is [n, 1, 1]. */
  output: Shape;
  /** 0, or 1 within a residual block. */
  depth: number;
  /** Residual only. */
  body?: Node[];
  shortcut?: Node[];
  /** Dropout only: its ordinal in the model, the `lane` of its random stream. */
  dropoutIndex?: number;
}

export interface Parameter {
  /** "conv1.weight", "bn1.running_mean" */
  name: string;
  shape: readonly number[];
  size: number;
  /** Batch-norm statistics are saved but not trained. */
  trainable: boolean;
  /** Offset in floats in a flat vector of all parameters in table order. */
  offset: number;
  /** Where initial values come from; uniform in ±bound (PyTorch's default), or a constant. */
  initial: { bound: number } | { value: number };
}

export interface Model {
  /** "simple" */
  preset: string;
  layers: readonly Layer[];
  nodes: readonly Node[];
  parameters: readonly Parameter[];
  /** Trainable ones only. */
  parameterCount: number;
  classes: 10;
}

/** Most filters of a convolution that may be asked for. */
export const maxFilters = 512;
export const batchNormEpsilon = 1e-5;
/** PyTorch's meaning: running = (1 − momentum) · running + momentum · batch, with the unbiased batch variance. */
export const batchNormMomentum = 0.1;
