import sharp, { type Sharp } from "sharp";
import { mix, randomKey, randomNormal, randomUniform, streams } from "../../dist/util/random.js";
import type { Colour, Drawing } from "./pictures.js";

/** Pages with lines, frames and digits on desks, as a camera sees them: every picture follows from its seed. */

/** Random numbers of one picture, in the order in which they are asked for. */
export class Dice {
  private readonly key;
  private index = 0;

  constructor(
    readonly seed: number,
    lane: number,
  ) {
    this.key = randomKey(seed, streams.synthetic, 0, lane);
  }

  /** @returns uniform in [low, high) */
  from(low: number, high: number): number {
    return low + (high - low) * randomUniform(this.key, this.index++);
  }

  /** @returns a whole number in [low, high] */
  whole(low: number, high: number): number {
    return Math.floor(this.from(low, high + 1));
  }

  chance(part: number): boolean {
    return this.from(0, 1) < part;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)];
  }

  normal(): number {
    return randomNormal(this.key, this.index++ + 1_000_000);
  }
}

/** Something on the page: how much of the pixel around (x, y) it covers. */
export interface Layer {
  colour: Colour;
  /** 1 hides what lies under it. */
  strength?: number;
  coverage(x: number, y: number): number;
}

export interface Scene {
  width: number;
  height: number;
  /** What the page is made of, and what lies on it, in the page's own pixels. */
  paper: Colour;
  layers: Layer[];
  /** From the picture's pixels to the page's; the identity by default. */
  place?(x: number, y: number): [x: number, y: number];
  /** The page's extent where it ends within the picture, and what it lies on. */
  sheet?: { left: number; top: number; right: number; bottom: number; desk: Colour; grain: number };
  /** Factor at (u, v) in [0, 1]². */
  light?(u: number, v: number): number;
  /** Amplitude of the paper's blotches, and of the camera's noise, of 255. */
  texture?: number;
  noise?: number;
  seed: number;
}

export function render(scene: Scene): Sharp {
  const { width, height, layers, paper, sheet, light, texture = 0, noise = 0, seed } = scene;
  const place = scene.place ?? ((x: number, y: number): [number, number] => [x, y]);
  const rgb = new Uint8Array(width * height * 3);
  const grain = noise > 0 ? grainOf(seed) : undefined;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += 3) {
      const [px, py] = place(x + 0.5, y + 0.5);
      const on = sheet ? insideOf(sheet, px, py) : 1;
      let [red, green, blue] = paper;
      if (on > 0)
        for (const layer of layers) {
          const part = layer.coverage(px, py) * (layer.strength ?? 1);
          if (part <= 0) continue;
          red += part * (layer.colour[0] - red);
          green += part * (layer.colour[1] - green);
          blue += part * (layer.colour[2] - blue);
        }
      if (texture > 0 && on > 0) {
        const blotch = texture * (blotches(px / 37, py / 37, seed) + 0.6 * blotches(px / 11, py / 11, seed + 1) - 0.8);
        red += blotch;
        green += blotch;
        blue += blotch;
      }
      if (sheet && on < 1) {
        const wood = sheet.grain * (blotches(px / 90, py / 7, seed + 2) - 0.5);
        red = red * on + (sheet.desk[0] + wood) * (1 - on);
        green = green * on + (sheet.desk[1] + wood) * (1 - on);
        blue = blue * on + (sheet.desk[2] + wood) * (1 - on);
      }
      const lit = light?.(x / width, y / height) ?? 1;
      const speck = grain ? noise * grain[(mix(i + seed) >>> 8) % grain.length] : 0;
      rgb[i] = red * lit + speck < 0 ? 0 : Math.min(255, Math.round(red * lit + speck));
      rgb[i + 1] = green * lit + speck < 0 ? 0 : Math.min(255, Math.round(green * lit + speck));
      rgb[i + 2] = blue * lit + speck < 0 ? 0 : Math.min(255, Math.round(blue * lit + speck));
    }
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

function insideOf(
  { left, top, right, bottom }: { left: number; top: number; right: number; bottom: number },
  x: number,
  y: number,
): number {
  const distance = Math.min(x - left, right - x, y - top, bottom - y);
  return Math.min(1, Math.max(0, distance + 0.5));
}

const grains = new Map<number, Float32Array>();
function grainOf(seed: number): Float32Array {
  const which = seed % 3;
  if (!grains.has(which))
    grains.set(
      which,
      Float32Array.from({ length: 65_521 }, (_, i) => randomNormal(randomKey(which, streams.synthetic, 1), i)),
    );
  return grains.get(which)!;
}

/** Smooth noise in [0, 1] with a feature a unit. */
function blotches(x: number, y: number, seed: number): number {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [smooth(x - x0), smooth(y - y0)];
  const at = (dx: number, dy: number) => mix(mix(Math.imul(x0 + dx, 0x9e3779b1) ^ seed) + Math.imul(y0 + dy, 0x85ebca6b)) / 4294967296;
  return (at(0, 0) * (1 - fx) + at(1, 0) * fx) * (1 - fy) + (at(0, 1) * (1 - fx) + at(1, 1) * fx) * fy;
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

/** The drawing with its left upper corner at (left, top), turned about its middle by `turn` degrees. */
export function drawn(drawing: Drawing, left: number, top: number, colour: Colour, turn = 0): Layer {
  const { width, height, data } = drawing;
  const [cos, sin] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
  const [cx, cy] = [left + width / 2, top + height / 2];
  const at = (x: number, y: number) => (x >= 0 && y >= 0 && x < width && y < height ? data[y * width + x] : 0);
  return {
    colour,
    coverage(x, y) {
      const u = cos * (x - cx) + sin * (y - cy) + width / 2 - 0.5;
      const v = -sin * (x - cx) + cos * (y - cy) + height / 2 - 0.5;
      if (u < -1 || v < -1 || u > width || v > height) return 0;
      const [u0, v0] = [Math.floor(u), Math.floor(v)];
      const [fu, fv] = [u - u0, v - v0];
      return (at(u0, v0) * (1 - fu) + at(u0 + 1, v0) * fu) * (1 - fv) + (at(u0, v0 + 1) * (1 - fu) + at(u0 + 1, v0 + 1) * fu) * fv;
    },
  };
}

/** Parallel lines across the page, `period` apart; vertical ones where `along` is "y". */
export function rules(along: "x" | "y", period: number, offset: number, thickness: number, colour: Colour, strength: number): Layer {
  return {
    colour,
    strength,
    coverage(x, y) {
      const t = (along === "x" ? y : x) - offset;
      const distance = Math.abs(t - Math.round(t / period) * period);
      return Math.min(1, thickness, Math.max(0, thickness / 2 + 0.5 - distance));
    },
  };
}

/** One straight line from (ax, ay) to (bx, by). */
export function line(ax: number, ay: number, bx: number, by: number, thickness: number, colour: Colour): Layer {
  const length = Math.hypot(bx - ax, by - ay);
  return {
    colour,
    coverage(x, y) {
      const t = Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / (length * length || 1)));
      return Math.min(1, thickness, Math.max(0, thickness / 2 + 0.5 - Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay))));
    },
  };
}

/** The four sides of a box. */
export function box(left: number, top: number, right: number, bottom: number, thickness: number, colour: Colour): Layer {
  return {
    colour,
    coverage(x, y) {
      const outside = Math.max(left - x, x - right, top - y, y - bottom);
      return Math.min(1, thickness, Math.max(0, thickness / 2 + 0.5 - Math.abs(outside)));
    },
  };
}

/** A filled box. */
export function area(left: number, top: number, right: number, bottom: number, colour: Colour): Layer {
  return { colour, coverage: (x, y) => insideOf({ left, top, right, bottom }, x, y) };
}
