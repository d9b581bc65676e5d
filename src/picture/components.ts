import type { Box, Field } from "./field.js";

/** Finds the digit among what else is on the page: specks, ruled edges, shadows, the table beside the sheet. */

/** Ink above `strong` makes a stroke; ink above `weak` that touches it belongs to it. */
const strong = 0.5;
const weak = 0.22;
/** A stroke touching the picture's border counts this much against one that does not: it is likelier to be the sheet's edge. */
const borderPenalty = 0.1;
/** A further stroke belongs to the digit from this part of its ink on, and up to this distance as a part of its size. */
const leastPart = 0.02;
const farthestPart = 0.3;

interface Component {
  label: number;
  ink: number;
  box: Box;
  touchesBorder: boolean;
}

/** @returns the ink of the digit alone, 0 elsewhere; all of it where there is but one component */
export function isolateDigit(field: Field): Field {
  const { labels, components } = label(field);
  const weight = ({ ink, touchesBorder }: Component) => ink * (touchesBorder ? borderPenalty : 1);
  const main = components.reduce<Component | undefined>((best, next) => (best && weight(best) >= weight(next) ? best : next), undefined);
  if (!main) return field;
  const size = Math.max(main.box.right - main.box.left, main.box.bottom - main.box.top);
  const kept = new Set([main.label]);
  for (const other of components) {
    const near = gap(main.box, other.box) <= farthestPart * size;
    if (near && other.ink >= leastPart * main.ink && (main.touchesBorder || !other.touchesBorder)) kept.add(other.label);
  }
  return { ...field, data: field.data.map((value, i) => (kept.has(labels[i]) ? value : 0)) };
}

/** @returns the smallest box around ink above `threshold`, or undefined where there is none */
export function inkBox(field: Field, threshold: number): Box | undefined {
  const { width, height, data } = field;
  const box = { left: width, top: height, right: 0, bottom: 0 };
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) if (data[i] > threshold) extend(box, x, y);
  return box.right > 0 ? box : undefined;
}

/** Labels 8-connected components of weak ink that hold strong ink. @returns labels [height × width], 0 for none */
function label({ width, height, data }: Field): { labels: Int32Array; components: Component[] } {
  const labels = new Int32Array(data.length);
  const components: Component[] = [];
  const stack: number[] = [];
  for (let seed = 0; seed < data.length; seed++) {
    if (data[seed] <= strong || labels[seed] !== 0) continue;
    const component = {
      label: components.length + 1,
      ink: 0,
      box: { left: width, top: height, right: 0, bottom: 0 },
      touchesBorder: false,
    };
    labels[seed] = component.label;
    stack.push(seed);
    for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
      const x = i % width;
      const y = (i - x) / width;
      component.ink += data[i];
      component.touchesBorder ||= x === 0 || y === 0 || x === width - 1 || y === height - 1;
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

function extend(box: Box, x: number, y: number): void {
  box.left = Math.min(box.left, x);
  box.top = Math.min(box.top, y);
  box.right = Math.max(box.right, x + 1);
  box.bottom = Math.max(box.bottom, y + 1);
}

function gap(a: Box, b: Box): number {
  const dx = Math.max(0, a.left - b.right, b.left - a.right);
  const dy = Math.max(0, a.top - b.bottom, b.top - a.bottom);
  return Math.max(dx, dy);
}
