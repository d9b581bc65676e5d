import type { Model } from "../../model/model.js";
import type { Parameter } from "../../model/parameters.js";

/**
 * All trainable parameters stand in one flat vector on the device, in table order, and so do the optimizer's slots: an update is ten
 * operations instead of ten for each parameter. The batch-norm statistics stand in a second one. Convolutions are [K, K, C, O] there (HWIO,
 * the layout of TF.js's kernels), everything else has PyTorch's layout.
 */
export interface Segment {
  name: string;
  /** PyTorch's. */
  shape: readonly number[];
  /** TF.js's. */
  deviceShape: number[];
  size: number;
  /** In floats, from the flat vector's start. */
  offset: number;
}

export interface FlatLayout {
  segments: readonly Segment[];
  /** In floats. */
  size: number;
}

/** @returns the layout of the trainable parameters, or of the batch-norm statistics */
export function flatLayout({ parameters }: Model, kind: "trainable" | "statistics"): FlatLayout {
  const chosen = parameters.filter(({ trainable }) => trainable === (kind === "trainable"));
  let offset = 0;
  const segments = chosen.map((parameter) => {
    const segment = { ...pick(parameter), deviceShape: deviceShape(parameter.shape), offset };
    offset += parameter.size;
    return segment;
  });
  return { segments, size: offset };
}

/** Copies a parameter from PyTorch's layout into its place in the flat vector. */
export function store(flat: Float32Array, { shape, offset, size }: Segment, data: Float32Array): void {
  if (shape.length === 4) permute(shape, (pytorch, device) => flat.fill(data[pytorch], offset + device, offset + device + 1));
  else flat.set(data.subarray(0, size), offset);
}

/** @returns a copy of a parameter in PyTorch's layout */
export function extract(flat: Float32Array, { shape, offset, size }: Segment): Float32Array {
  const part = flat.slice(offset, offset + size);
  if (shape.length !== 4) return part;
  const data = new Float32Array(size);
  permute(shape, (pytorch, device) => {
    data[pytorch] = part[device];
  });
  return data;
}

function pick({ name, shape, size }: Parameter): Pick<Segment, "name" | "shape" | "size"> {
  return { name, shape, size };
}

function deviceShape(shape: readonly number[]): number[] {
  if (shape.length !== 4) return [...shape];
  const [filters, channels, height, width] = shape;
  return [height, width, channels, filters];
}

/** Visits each element of an OIHW tensor with its index there and in HWIO. */
function permute([filters, channels, height, width]: readonly number[], visit: (oihw: number, hwio: number) => void): void {
  let oihw = 0;
  for (let o = 0; o < filters; o++)
    for (let c = 0; c < channels; c++) for (let k = 0; k < height * width; k++) visit(oihw++, (k * channels + c) * filters + o);
}
