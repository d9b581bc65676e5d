import type { Field } from "./field.js";
import type { Sheet } from "./sheet.js";

/** The part of a picture that is read: all of it, or a sheet on it. */

export interface Page {
  light: Field;
  /** Where its left upper corner lies in the picture. */
  left: number;
  top: number;
  /** [height × width] 1 where the page is; undefined where it fills the field. */
  inside?: Uint8Array;
  /** Degrees clockwise. */
  turn: number;
}

export function wholePicture(light: Field): Page {
  return { light, left: 0, top: 0, turn: 0 };
}

/** Cuts a sheet out; what lies in its box beside it is covered with the nearest of its own brightness, so that paper is all there is. */
export function cutOut(light: Field, { box, holds, upright, turn }: Sheet): Page {
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (y + box.top) * light.width + box.left;
    data.set(light.data.subarray(from, from + width), y * width);
  }
  const page = { light: { width, height, data }, left: box.left, top: box.top, turn };
  if (upright) return page;
  const inside = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    let [first, last] = [width, -1];
    for (let x = 0; x < width; x++) {
      if (!holds(x + box.left, y + box.top)) continue;
      first = Math.min(first, x);
      last = x;
    }
    const row = y * width;
    if (last >= 0) inside.fill(1, row + first, row + last + 1);
    if (last < 0) continue;
    const tone = (from: number, to: number) => {
      let sum = 0;
      for (let x = from; x < to; x++) sum += data[row + x];
      return sum / (to - from);
    };
    const reach = Math.min(8, last + 1 - first);
    data.fill(tone(first, first + reach), row, row + first);
    data.fill(tone(last + 1 - reach, last + 1), row + last + 1, row + width);
  }
  return { ...page, inside };
}
