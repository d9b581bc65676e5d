import { classes } from "../../model/logits.js";
import { type Draws, drawsOf } from "./draws.js";
import { glyphs } from "./glyphs.js";
import { type Distortion, distort, type PenStyle, render } from "./render.js";
import { Sketch } from "./sketch.js";

/**
 * One handwritten-looking digit, a pure function of (seed, split, image).
 * @param split 0 training, 1 test
 * @param output [784] bytes that receive the image, 0 background to 255 ink
 * @returns the label, 0–9
 */
export function generateDigit(seed: number, split: 0 | 1, image: number, output: Uint8Array): number {
  const draws = drawsOf(seed, split, image);
  const label = Math.floor(draws.uniform(0, classes));
  const sketch = new Sketch(draws, draws.uniform(0.008, 0.03));
  glyphs[label](sketch);
  distort(sketch.strokes, chooseDistortion(draws, label));
  render(sketch.strokes, choosePen(draws, label), draws, output);
  return label;
}

function chooseDistortion(draws: Draws, label: number): Distortion {
  // Handwriting mostly leans to the right; a one, without features that a slant could spoil, leans furthest.
  const slant = draws.normal(0.18, label === 1 ? 0.32 : 0.26);
  const turn = draws.normal(0, 0.15);
  const stretch = 1.05 + draws.normal(0, 0.2);
  const skew = draws.normal(0, 0.06);
  const proportions = { vertical: draws.normal(0, 0.25), horizontal: draws.normal(0, 0.25), taper: draws.normal(0, 0.3) };
  const waves = Array.from({ length: 3 }, () => ({
    frequencyX: draws.normal(0, 0.6),
    frequencyY: draws.normal(0, 0.6),
    phase: draws.uniform(0, 1),
    amplitudeX: draws.normal(0, 0.042),
    amplitudeY: draws.normal(0, 0.042),
  }));
  // Rotation by a small angle · slant · stretch of the width; 1 − t²/2 is its cosine near enough.
  const cos = 1 - (turn * turn) / 2;
  const a = stretch;
  const b = -slant;
  return { matrix: [cos * a - turn * skew, cos * b - turn, turn * a + cos * skew, turn * b + cos], proportions, waves };
}

function choosePen(draws: Draws, label: number): PenStyle {
  const nibAngle = draws.uniform(-1, 1);
  const length = Math.sqrt(1 + nibAngle * nibAngle);
  // A broad pen leaves a one readable and fills the loops of an eight.
  const broad = draws.chance(0.1) ? draws.uniform(0.2, label === 1 ? 1.4 : 0.6) : 0;
  const radius = (draws.normal(1.18, 0.36) + broad) * (label === 8 ? 0.87 : 1);
  return {
    radius: Math.max(0.65, radius),
    swell: draws.uniform(0, 0.2),
    taper: draws.chance(0.4) ? draws.uniform(0, 0.5) : 0,
    nib: draws.chance(0.4) ? draws.uniform(0, 0.5) : 0,
    nibX: 1 / length,
    nibY: nibAngle / length,
    edge: draws.uniform(0.7, 1.3),
    roughness: draws.uniform(0, 0.12),
  };
}
