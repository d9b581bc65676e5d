import { cosine, type Draws, sine } from "./draws.js";

/** A point of a stroke; a third number makes it a corner instead of a bend. */
export type Point = readonly [x: number, y: number, corner?: 1];

/** The pen's path from touching the paper to leaving it: x and y in turn. */
export type Polyline = number[];

/** Straight segments between two points of a stroke. */
const pieces = 5;

/**
 * The strokes of one digit before any distortion: x to the right, y down, the digit about 1 high.
 */
export class Sketch {
  readonly strokes: Polyline[] = [];

  /** @param wobble deviation by which every point is moved on its own */
  constructor(
    readonly draws: Draws,
    private readonly wobble: number,
  ) {}

  /** Adds a stroke through the points: a Catmull-Rom curve, broken at corners. */
  stroke(points: readonly Point[]): void {
    const moved = points.map(([x, y, corner]): Point => [this.draws.normal(x, this.wobble), this.draws.normal(y, this.wobble), corner]);
    const line: Polyline = [moved[0][0], moved[0][1]];
    for (let i = 0; i + 1 < moved.length; i++) {
      const [x1, y1, corner1] = moved[i];
      const [x2, y2, corner2] = moved[i + 1];
      // At an end or a corner the curve comes in straight.
      const [x0, y0] = i === 0 || corner1 ? [2 * x1 - x2, 2 * y1 - y2] : moved[i - 1];
      const [x3, y3] = i + 2 === moved.length || corner2 ? [2 * x2 - x1, 2 * y2 - y1] : moved[i + 2];
      for (let piece = 1; piece <= pieces; piece++) {
        const t = piece / pieces;
        const a = ((2 - t) * t - 1) * t;
        const b = (3 * t - 5) * t * t + 2;
        const c = ((4 - 3 * t) * t + 1) * t;
        const d = (t - 1) * t * t;
        line.push((a * x0 + b * x1 + c * x2 + d * x3) / 2, (a * y0 + b * y1 + c * y2 + d * y3) / 2);
      }
    }
    this.strokes.push(line);
  }
}

/**
 * @param start in turns: 0 is right, 0.25 down, 0.5 left, 0.75 up
 * @param sweep in turns, positive is clockwise
 * @param growth factor of the radii from start to end
 * @returns points about an eighth of a turn apart
 */
export function arc(cx: number, cy: number, rx: number, ry: number, start: number, sweep: number, growth = 1): Point[] {
  const count = Math.max(2, Math.ceil((sweep < 0 ? -sweep : sweep) * 8));
  return Array.from({ length: count + 1 }, (_, i): Point => {
    const angle = start + (sweep * i) / count;
    const radius = 1 + ((growth - 1) * i) / count;
    return [cx + rx * radius * cosine(angle), cy + ry * radius * sine(angle)];
  });
}
