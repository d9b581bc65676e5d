import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { type Key, randomKey, randomNormal, streams } from "../../dist/util/random.js";

/** Makes pictures as people make them, from MNIST's real handwriting: any size, pen, paper, light and file format. */

const dataDir = [process.env.MNIST_TUI_DATA, "../shared/data"].find(
  (dir) => dir && existsSync(join(dir, "mnist", "t10k-images-idx3-ubyte.gz")),
);
export const hasMnist = dataDir !== undefined;

export interface Digits {
  /** [n × 784] */
  images: Uint8Array;
  labels: Uint8Array;
}

/** @returns MNIST's test split @throws where hasMnist is false */
export async function testDigits(name = "mnist"): Promise<Digits> {
  const read = async (file: string) => gunzipSync(await readFile(join(dataDir!, name, file)));
  return {
    images: new Uint8Array(await read("t10k-images-idx3-ubyte.gz")).subarray(16),
    labels: new Uint8Array(await read("t10k-labels-idx1-ubyte.gz")).subarray(8),
  };
}

/** Coverage in [0, 1]. */
export interface Drawing {
  width: number;
  height: number;
  data: Float32Array;
}

/** @returns the 28×28 bytes as a drawing */
export function asDrawing(image: Uint8Array): Drawing {
  return { width: 28, height: 28, data: Float32Array.from(image, (value) => value / 255) };
}

/** @returns the drawing `scale` times larger, smooth */
export function enlarge({ width, height, data }: Drawing, scale: number): Drawing {
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  const out = new Float32Array(w * h);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const [u, v] = [
        Math.min(width - 1, Math.max(0, (x + 0.5) / scale - 0.5)),
        Math.min(height - 1, Math.max(0, (y + 0.5) / scale - 0.5)),
      ];
      const [x0, y0] = [Math.floor(u), Math.floor(v)];
      const [x1, y1] = [Math.min(width - 1, x0 + 1), Math.min(height - 1, y0 + 1)];
      const [fx, fy] = [u - x0, v - y0];
      const top = data[y0 * width + x0] * (1 - fx) + data[y0 * width + x1] * fx;
      out[y * w + x] = top * (1 - fy) + (data[y1 * width + x0] * (1 - fx) + data[y1 * width + x1] * fx) * fy;
    }
  return { width: w, height: h, data: out };
}

/** Redraws the strokes with a pen of the given width in pixels: thins them to one pixel, then rolls a disk along them. */
export function redraw(drawing: Drawing, pen: number): Drawing {
  const { width, height } = drawing;
  const line = skeleton(drawing);
  const data = new Float32Array(width * height);
  const radius = pen / 2;
  const reach = Math.ceil(radius + 1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (!line[y * width + x]) continue;
      for (let dy = Math.max(-reach, -y); dy <= Math.min(reach, height - 1 - y); dy++)
        for (let dx = Math.max(-reach, -x); dx <= Math.min(reach, width - 1 - x); dx++) {
          const coverage = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dx, dy)));
          const i = (y + dy) * width + x + dx;
          data[i] = Math.max(data[i], coverage);
        }
    }
  return { width, height, data };
}

/** Zhang and Suen's thinning (1984). */
function skeleton({ width, height, data }: Drawing): Uint8Array {
  const on = Uint8Array.from(data, (value) => (value > 0.5 ? 1 : 0));
  const at = (x: number, y: number) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : on[y * width + x]);
  for (let changed = true; changed; ) {
    changed = false;
    for (const pass of [0, 1]) {
      const removed: number[] = [];
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          if (!on[y * width + x]) continue;
          const p = [
            at(x, y - 1),
            at(x + 1, y - 1),
            at(x + 1, y),
            at(x + 1, y + 1),
            at(x, y + 1),
            at(x - 1, y + 1),
            at(x - 1, y),
            at(x - 1, y - 1),
          ];
          const count = p.reduce((sum, value) => sum + value, 0);
          const turns = p.reduce((sum, value, i) => sum + (value === 0 && p[(i + 1) % 8] === 1 ? 1 : 0), 0);
          const [up, right, down, left] = [p[0], p[2], p[4], p[6]];
          const open =
            pass === 0 ? up * right * down === 0 && right * down * left === 0 : up * right * left === 0 && up * down * left === 0;
          if (count >= 2 && count <= 6 && turns === 1 && open) removed.push(y * width + x);
        }
      for (const i of removed) on[i] = 0;
      changed ||= removed.length > 0;
    }
  }
  return on;
}

export type Colour = readonly [red: number, green: number, blue: number];

export interface Page {
  width: number;
  height: number;
  /** Where the drawing's left upper corner lies. */
  left: number;
  top: number;
  paper: Colour;
  ink: Colour;
  /** Factor of the light at (u, v) in [0, 1]². */
  light?(u: number, v: number): number;
  /** Standard deviation of the camera's noise, of 255. */
  noise?: number;
  /** Index of the noise's random sequence. */
  seed?: number;
}

/** An RGB picture, 8 bits. */
export interface Picture {
  width: number;
  height: number;
  rgb: Uint8Array;
}

/** @returns the drawing on a page as a camera sees it */
export function photograph(drawing: Drawing, page: Page): Picture {
  const { width, height } = page;
  const rgb = new Uint8Array(width * height * 3);
  const key: Key = randomKey(page.seed ?? 0, streams.synthetic, 0);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const [dx, dy] = [x - page.left, y - page.top];
      const ink = dx >= 0 && dy >= 0 && dx < drawing.width && dy < drawing.height ? drawing.data[dy * drawing.width + dx] : 0;
      const light = page.light?.(x / width, y / height) ?? 1;
      for (let c = 0; c < 3; c++) {
        const noise = page.noise ? page.noise * randomNormal(key, 3 * i + c) : 0;
        const value = (page.paper[c] * (1 - ink) + page.ink[c] * ink) * light + noise;
        rgb[3 * i + c] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  return { width, height, rgb };
}

/** @returns the drawing alone, in its own frame */
export function plain(drawing: Drawing, paper: Colour, ink: Colour): Picture {
  return photograph(drawing, { width: drawing.width, height: drawing.height, left: 0, top: 0, paper, ink });
}

export function asSharp({ width, height, rgb }: Picture): Sharp {
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

/** @returns the drawing as ink of one colour on nothing */
export function transparent({ width, height, data }: Drawing, ink: Colour): Sharp {
  const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 ? Math.round(255 * data[i >> 2]) : ink[i % 4]));
  return sharp(rgba, { raw: { width, height, channels: 4 } });
}

export const white: Colour = [255, 255, 255];
export const black: Colour = [0, 0, 0];
