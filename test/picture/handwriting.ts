import { asDrawing, type Digits, type Drawing, enlarge, redraw } from "./pictures.js";
import type { Dice } from "./scene.js";

/** Digits to put on pages: MNIST's handwriting, larger and with other pens, and digits drawn from strokes. */

type Point = readonly [x: number, y: number];

/** A stroke's points, from 0, 0 (left, top) to 1, 1. */
type Stroke = readonly Point[];

export interface Handwritten {
  label: number;
  drawing: Drawing;
}

/** @returns one of MNIST's test digits about `height` pixels high, written with another pen in half of the cases */
export function fromMnist(digits: Digits, dice: Dice, height: number, label?: number): Handwritten {
  let index = dice.whole(0, 9999);
  while (label !== undefined && digits.labels[index] !== label) index = (index + 1) % 10_000;
  const large = enlarge(asDrawing(digits.images.subarray(784 * index, 784 * index + 784)), height / 20);
  const pen = height * dice.from(0.05, 0.14);
  return { label: digits.labels[index], drawing: cropped(dice.chance(0.5) && height >= 40 ? redraw(large, pen) : large) };
}

/** @returns a digit of round strokes, `height` pixels high */
export function fromStrokes(dice: Dice, height: number, label = dice.whole(0, 9), pen = height * dice.from(0.06, 0.13)): Handwritten {
  return { label, drawing: strokesDrawn(shapes[label](), dice, height, pen) };
}

/** @returns MNIST's and other digits by turns */
export function written(digits: Digits, dice: Dice, height: number): Handwritten {
  return dice.chance(0.7) ? fromMnist(digits, dice, height) : fromStrokes(dice, height);
}

/** A 5 whose heavy top bar does not touch its body. */
export function parted5(dice: Dice, height: number): Handwritten {
  const gap = dice.from(0.02, 0.14);
  const [bend, bar] = [dice.from(-0.05, 0.05), dice.from(0.25, 0.55)];
  const body: Stroke = [[0.3, 0.2 + gap], [0.27, 0.45 + bend], ...arc(0.42, 0.68, 0.3, 0.26, -100, 140)];
  const top: Stroke = [
    [0.35, 0.02],
    [0.35 + bar, dice.from(-0.05, 0.05)],
  ];
  const pen = height * dice.from(0.06, 0.1);
  return {
    label: 5,
    drawing: merged(strokesDrawn([body], dice, height, pen, 0), strokesDrawn([top], dice, height, pen * dice.from(1, 2.4), 0)),
  };
}

/** A 1 as many Europeans write it: the upstroke is half as long as the stem or longer. */
export function longUpstroke1(dice: Dice, height: number): Handwritten {
  const length = dice.from(0.45, 0.85);
  const slope = (dice.from(32, 60) * Math.PI) / 180;
  const top: Point = [0.6, 0.02];
  const flag: Point = [0.6 - length * Math.cos(slope) * 0.8, 0.02 + length * Math.sin(slope) * 0.8];
  const foot: Point = [0.6 - dice.from(-0.02, 0.12), 0.98];
  return { label: 1, drawing: strokesDrawn([[flag, top, foot]], dice, height, height * dice.from(0.05, 0.11), 4) };
}

const shapes: readonly (() => Stroke[])[] = [
  () => [arc(0.5, 0.5, 0.32, 0.48, 0, 360)],
  () => [
    [
      [0.38, 0.14],
      [0.55, 0.02],
      [0.52, 0.98],
    ],
  ],
  () => [[...arc(0.48, 0.28, 0.28, 0.26, -160, 50), [0.2, 0.96], [0.82, 0.94]]],
  () => [[...arc(0.44, 0.26, 0.28, 0.24, -150, 80), ...arc(0.44, 0.72, 0.33, 0.25, -80, 150)]],
  () => [
    [
      [0.42, 0.02],
      [0.16, 0.6],
      [0.84, 0.58],
    ],
    [
      [0.66, 0.28],
      [0.62, 0.98],
    ],
  ],
  () => [[[0.8, 0.04], [0.32, 0.04], [0.28, 0.44], ...arc(0.44, 0.68, 0.32, 0.28, -110, 140)]],
  () => [[[0.66, 0.02], [0.34, 0.3], ...arc(0.48, 0.7, 0.28, 0.28, 190, 550)]],
  () => [
    [
      [0.16, 0.06],
      [0.82, 0.04],
      [0.42, 0.98],
    ],
  ],
  () => [[...arc(0.5, 0.26, 0.24, 0.24, 90, 450), ...arc(0.5, 0.74, 0.3, 0.24, -90, 270)]],
  () => [[...arc(0.48, 0.28, 0.28, 0.26, 0, -360), [0.76, 0.3], [0.68, 0.98]]],
];

/** Angles in degrees, clockwise from the right. */
function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): Point[] {
  const steps = Math.max(8, Math.round(Math.abs(to - from) / 10));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / steps) * Math.PI) / 180;
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)];
  });
}

function strokesDrawn(strokes: readonly Stroke[], dice: Dice, height: number, pen: number, most = 8): Drawing {
  const margin = Math.ceil(pen + 2);
  const [slant, narrow, turn] = [dice.from(-0.15, 0.15), dice.from(0.6, 0.85), (dice.from(-most, most) * Math.PI) / 180];
  const wave = [dice.from(0, 6), dice.from(0, 6), most === 0 ? 0 : dice.from(0, 0.02)];
  const place = ([x, y]: Point): Point => {
    const [u, v] = [
      x - 0.5 + (most === 0 ? 0 : slant * (0.5 - y)) + wave[2] * Math.sin(5 * y + wave[0]),
      y - 0.5 + wave[2] * Math.sin(5 * x + wave[1]),
    ];
    const [tu, tv] = [u * narrow * Math.cos(turn) - v * Math.sin(turn), u * narrow * Math.sin(turn) + v * Math.cos(turn)];
    return [margin + (tu + 0.5) * height, margin + (tv + 0.5) * height];
  };
  const side = Math.ceil(height + 2 * margin);
  const data = new Float32Array(side * side);
  for (const stroke of strokes) {
    const points = stroke.map(place);
    for (let i = 0; i + 1 < points.length; i++) segment(data, side, points[i], points[i + 1], pen / 2);
  }
  return most === 0 ? { width: side, height: side, data } : cropped({ width: side, height: side, data });
}

function segment(data: Float32Array, side: number, [ax, ay]: Point, [bx, by]: Point, radius: number): void {
  const reach = radius + 1;
  const length = (bx - ax) ** 2 + (by - ay) ** 2 || 1;
  for (let y = Math.max(0, Math.floor(Math.min(ay, by) - reach)); y <= Math.min(side - 1, Math.ceil(Math.max(ay, by) + reach)); y++)
    for (let x = Math.max(0, Math.floor(Math.min(ax, bx) - reach)); x <= Math.min(side - 1, Math.ceil(Math.max(ax, bx) + reach)); x++) {
      const t = Math.min(1, Math.max(0, ((x + 0.5 - ax) * (bx - ax) + (y + 0.5 - ay) * (by - ay)) / length));
      const distance = Math.hypot(x + 0.5 - ax - t * (bx - ax), y + 0.5 - ay - t * (by - ay));
      data[y * side + x] = Math.max(data[y * side + x], Math.min(1, Math.max(0, radius + 0.5 - distance)));
    }
}

/** Both drawings in one frame, their middles in one place. */
function merged(one: Drawing, other: Drawing): Drawing {
  const [width, height] = [Math.max(one.width, other.width), Math.max(one.height, other.height)];
  const data = new Float32Array(width * height);
  for (const { width: w, height: h, data: from } of [one, other]) {
    const [dx, dy] = [Math.floor((width - w) / 2), Math.floor((height - h) / 2)];
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        const at = (y + dy) * width + x + dx;
        data[at] = Math.max(data[at], from[y * w + x]);
      }
  }
  return cropped({ width, height, data });
}

/** @returns the drawing without the rows and columns around it that hold no ink */
export function cropped({ width, height, data }: Drawing): Drawing {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++)
      if (data[i] > 0.05)
        [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
  const out = new Float32Array((right - left) * (bottom - top));
  for (let y = top; y < bottom; y++) out.set(data.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  return { width: right - left, height: bottom - top, data: out };
}
