import type { Box, Field } from "./field.js";

/** The connected pieces of ink on a page. */

/** Ink above `strong` makes a stroke; ink above `weak` that touches it belongs to it. */
const strong = 0.5;
const weak = 0.22;

export interface Component {
  /** From 1 on; 0 is paper. */
  label: number;
  ink: number;
  pixels: number;
  box: Box;
  /** Its pixels at the border of the field. */
  contact: number;
}

export interface Labelled {
  /** [height × width] */
  labels: Int32Array;
  components: Component[];
}

/** Labels 8-connected components of weak ink that hold strong ink. */
export function labelInk({ width, height, data }: Field): Labelled {
  const labels = new Int32Array(data.length);
  const components: Component[] = [];
  const stack: number[] = [];
  for (let seed = 0; seed < data.length; seed++) {
    if (data[seed] <= strong || labels[seed] !== 0) continue;
    const component = {
      label: components.length + 1,
      ink: 0,
      pixels: 0,
      box: { left: width, top: height, right: 0, bottom: 0 },
      contact: 0,
    };
    labels[seed] = component.label;
    stack.push(seed);
    for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
      const x = i % width;
      const y = (i - x) / width;
      component.ink += data[i];
      component.pixels++;
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) component.contact++;
      extend(component.box, x, y);
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++)
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx;
          if (labels[next] !== 0 || data[next] <= weak) continue;
          labels[next] = component.label;
          stack.push(next);
        }
    }
    components.push(component);
  }
  return { labels, components };
}

/** @returns the ink of these components within the box, 0 elsewhere, with a margin of one pixel */
export function inkOf(field: Field, labels: Int32Array, kept: ReadonlySet<number>, box: Box): Field {
  const [width, height] = [box.right - box.left + 2, box.bottom - box.top + 2];
  const data = new Float32Array(width * height);
  for (let y = box.top; y < box.bottom; y++)
    for (let x = box.left; x < box.right; x++) {
      const i = y * field.width + x;
      if (kept.has(labels[i])) data[(y - box.top + 1) * width + x - box.left + 1] = field.data[i];
    }
  return { width, height, data };
}

/** @returns the smallest box around ink above `threshold`, or undefined where there is none */
export function inkBox(field: Field, threshold: number): Box | undefined {
  const { width, height, data } = field;
  const box = { left: width, top: height, right: 0, bottom: 0 };
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) if (data[i] > threshold) extend(box, x, y);
  return box.right > 0 ? box : undefined;
}

export function around(boxes: readonly Box[]): Box {
  return {
    left: Math.min(...boxes.map(({ left }) => left)),
    top: Math.min(...boxes.map(({ top }) => top)),
    right: Math.max(...boxes.map(({ right }) => right)),
    bottom: Math.max(...boxes.map(({ bottom }) => bottom)),
  };
}

function extend(box: Box, x: number, y: number): void {
  box.left = Math.min(box.left, x);
  box.top = Math.min(box.top, y);
  box.right = Math.max(box.right, x + 1);
  box.bottom = Math.max(box.bottom, y + 1);
}
