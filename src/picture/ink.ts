import type { Raster } from "./decode.js";
import { closing, type Field, opening, quantile, sampleBilinear, shrink } from "./field.js";

/**
 * From a picture to ink: 0 where there is paper, 1 where there is pen, whatever their colours and however uneven the light.
 */

export type Polarity = "dark-on-light" | "light-on-dark";

export type PaperWindow = "stable" | "narrow";

export interface Ink {
  /** [height × width] 0 paper … 1 ink */
  field: Field;
  polarity: Polarity;
  /** What ink differs from paper by, and the standard deviation of the paper's grain: parts of full scale. */
  contrast: number;
  grain: number;
}

/** Side of the small copy on which the paper is estimated: a quarter of a photo's, which averages its noise away, within these bounds. */
const paperSides = { part: 0.25, least: 48, most: 128 };
/**
 * Half-widths of the window in which the paper's brightness is looked for, as parts of that copy's side. A window must be wider than the
 * strokes, or they count as paper; but the smaller it is, the more of shadows and dark corners counts as paper, as it should.
 */
const reaches = [2, 3, 5, 8, 12, 18, 26, 36].map((pixels) => pixels / 128);
const narrowReach = 7 / 128;
/** A window is wide enough where the next two find nearly the same ink (part in common) … */
const stable = 0.88;
/** … and about as much contrast as the best one. */
const enoughContrast = 0.6;
/** A stroke's edge rises by this part of its contrast from one pixel of the small copy to the next, even out of focus. */
const leastEdge = 0.1;
/** Contrasts below this part of full scale are not ink. */
const minimumContrast = 0.06;

/**
 * @returns brightness in [0, 1]: luma, or the colour channel that shows the ink much better (yellow on white). Where the shape is
 *   in the transparency, the picture is put on the colour that shows it.
 */
export function brightness(raster: Raster): Field {
  const { width, height, rgba } = raster;
  const pixels = width * height;
  const channels = Array.from({ length: 4 }, () => new Float32Array(pixels));
  for (let i = 0; i < pixels; i++) {
    const [red, green, blue] = [rgba[4 * i] / 255, rgba[4 * i + 1] / 255, rgba[4 * i + 2] / 255];
    channels[0][i] = 0.299 * red + 0.587 * green + 0.114 * blue;
    channels[1][i] = red;
    channels[2][i] = green;
    channels[3][i] = blue;
  }
  const alpha = alphaOf(raster);
  if (alpha) for (const channel of channels) compose(channel, alpha);
  const fields = channels.map((data) => ({ width, height, data }));
  const ranges = fields.map((field) => contrastOf(shrink(field, paperSides.least)));
  const best = ranges.indexOf(Math.max(...ranges));
  return ranges[best] > 1.5 * ranges[0] ? fields[best] : fields[0];
}

/**
 * @param page [height × width] 1 where the page is; all of the field by default
 * @param window "narrow" takes dark corners for paper where "stable" takes them for ink, but thick strokes too
 * @returns undefined where nothing stands out from the paper
 */
export function findInk(light: Field, page?: Uint8Array, window: PaperWindow = "stable"): Ink | undefined {
  const { part, least, most } = paperSides;
  const small = shrink(light, Math.min(most, Math.max(least, part * Math.max(light.width, light.height))));
  const papers = {
    "dark-on-light": estimatePaper(small, "dark-on-light", window),
    "light-on-dark": estimatePaper(small, "light-on-dark", window),
  };
  const evidence = (polarity: Polarity) => contrastToBorder(small, papers[polarity], polarity);
  const polarity: Polarity = evidence("dark-on-light") >= evidence("light-on-dark") ? "dark-on-light" : "light-on-dark";
  const data = new Float32Array(light.data.length);
  const paper = papers[polarity];
  if (!hasEdges({ ...small, data: inkOn(paper, small, polarity) })) return undefined;
  for (let y = 0, i = 0; y < light.height; y++) {
    for (let x = 0; x < light.width; x++, i++) {
      if (page && page[i] === 0) continue;
      const here = sampleBilinear(paper, ((x + 0.5) * paper.width) / light.width - 0.5, ((y + 0.5) * paper.height) / light.height - 0.5);
      // Dark ink takes a part of the light that falls on the paper, so shadows cancel in the quotient.
      data[i] = polarity === "dark-on-light" ? (here - light.data[i]) / Math.max(here, 0.1) : light.data[i] - here;
    }
  }
  const found = stretched({ width: light.width, height: light.height, data }, page);
  return found && { ...found, polarity };
}

/** Stretches ink to [0, 1]: the grain of the paper to 0, the middle of a stroke to 1. @returns undefined where nothing stands out from the grain */
function stretched(ink: Field, page?: Uint8Array): Omit<Ink, "polarity"> | undefined {
  const { data } = ink;
  const levels = new Levels(page ? data.filter((_, i) => page[i] === 1) : data);
  // Quantiles low enough that even a thick digit filling the picture leaves them to the paper; for normal noise P10 and P30 give its σ.
  const [p10, p30] = [levels.quantile(0.1), levels.quantile(0.3)];
  const grain = (p30 - p10) / 0.757;
  const floor = Math.max(0, p30 + 2.5 * grain);
  // A few specks do not make a stroke.
  const top = levels.quantile(1 - Math.max(6, data.length * 0.00005) / data.length);
  if (top < minimumContrast || top < p30 + 6 * grain) return undefined;
  // Most of a stroke is darker than its antialiased edge: the median of its upper half is what ink looks like.
  const full = levels.quantile(1 - levels.partAbove((floor + top) / 2) / 2);
  return {
    field: { ...ink, data: data.map((value) => Math.min(1, Math.max(0, (value - floor) / (full - floor)))) },
    contrast: full,
    grain,
  };
}

/** @returns whether something in it ends as sharply as a stroke does; light only fades */
function hasEdges({ width, height, data }: Field): boolean {
  let [top, step] = [0, 0];
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      top = Math.max(top, data[i]);
      if (x > 0) step = Math.max(step, Math.abs(data[i] - data[i - 1]));
      if (y > 0) step = Math.max(step, Math.abs(data[i] - data[i - width]));
    }
  return step > leastEdge * top;
}

/** A histogram fine enough for quantiles of ink, which lies in [−1, 1]. */
class Levels {
  private readonly counts = new Uint32Array(2 * levelsPerUnit + 1);

  constructor(private readonly data: Float32Array) {
    for (const value of data) this.counts[levelOf(value)]++;
  }

  /** @returns the lower edge of the level below which `part` of the values lie */
  quantile(part: number): number {
    let rank = part * this.data.length;
    let level = 0;
    for (; level < this.counts.length - 1; level++) {
      rank -= this.counts[level];
      if (rank < 0) break;
    }
    return level / levelsPerUnit - 1;
  }

  partAbove(value: number): number {
    let above = 0;
    for (let level = levelOf(value) + 1; level < this.counts.length; level++) above += this.counts[level];
    return above / this.data.length;
  }
}

const levelsPerUnit = 2048;

function levelOf(value: number): number {
  return Math.floor((Math.min(1, Math.max(-1, value)) + 1) * levelsPerUnit);
}

/** @returns the brightness of the paper, were there no ink on it */
function estimatePaper(small: Field, polarity: Polarity, window: PaperWindow): Field {
  const side = Math.max(small.width, small.height);
  if (window === "narrow") {
    const reach = Math.max(1, Math.round(narrowReach * side));
    return polarity === "dark-on-light" ? closing(small, reach) : opening(small, reach);
  }
  const pixels = new Set(reaches.map((reach) => Math.max(1, Math.round(reach * side))));
  const candidates = [...pixels].map((reach) => {
    const paper = polarity === "dark-on-light" ? closing(small, reach) : opening(small, reach);
    const ink = inkOn(paper, small, polarity);
    const top = ink.reduce((most, value) => Math.max(most, value), 0);
    return { paper, top, strokes: ink.map((value) => Number(value > top / 2)) };
  });
  const best = Math.max(...candidates.map(({ top }) => top));
  for (let i = 0; i + 2 < candidates.length; i++) {
    const [first, second, third] = candidates.slice(i, i + 3);
    const agree = overlap(first.strokes, second.strokes) >= stable && overlap(second.strokes, third.strokes) >= stable;
    if (first.top >= enoughContrast * best && agree) return second.paper;
  }
  return candidates[candidates.length - 1].paper;
}

function inkOn(paper: Field, small: Field, polarity: Polarity): Float32Array {
  const sign = polarity === "dark-on-light" ? 1 : -1;
  return small.data.map((value, i) => sign * (paper.data[i] - value));
}

/** @returns what two masks have in common, as a part of what is in either */
function overlap(a: Float32Array, b: Float32Array): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i] * b[i];
    either += Math.max(a[i], b[i]);
  }
  return either === 0 ? 1 : both / either;
}

/** How much what would be ink differs from the picture's border beside it: the right polarity's ink does, the wrong one's is paper. */
function contrastToBorder(small: Field, paper: Field, polarity: Polarity): number {
  const { width, height, data } = small;
  const sign = polarity === "dark-on-light" ? 1 : -1;
  const ink = inkOn(paper, small, polarity);
  const threshold = ink.reduce((most, value) => Math.max(most, value), 0) / 2;
  if (threshold <= 0) return 0;
  let [sum, weight] = [0, 0];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (ink[i] <= threshold) continue;
      const row = y * width;
      // The middle of the four ends of its row and column: one of them may be the table beside the sheet.
      const ends = [data[row], data[row + width - 1], data[x], data[(height - 1) * width + x]].sort((one, other) => one - other);
      sum += ink[i] * sign * ((ends[1] + ends[2]) / 2 - data[i]);
      weight += ink[i];
    }
  }
  return sum / weight;
}

/** @returns transparency in [0, 1], or undefined where the picture is opaque */
function alphaOf({ width, height, rgba }: Raster): Float32Array | undefined {
  let lowest = 255;
  for (let i = 3; i < rgba.length; i += 4) lowest = Math.min(lowest, rgba[i]);
  return lowest > 250 ? undefined : Float32Array.from({ length: width * height }, (_, i) => rgba[4 * i + 3] / 255);
}

/** Puts a channel on a background, in place: a contrasting one where what is opaque has one brightness, else that of what is opaque. */
function compose(channel: Float32Array, alpha: Float32Array): void {
  const opaque = channel.filter((_, i) => alpha[i] > 0.5);
  let background = 1;
  if (opaque.length > 0) {
    const [low, middle, high] = [0.05, 0.5, 0.95].map((part) => quantile(opaque, part));
    const plain = high - low < 0.3;
    background = plain ? (middle > 0.5 ? 0 : 1) : middle;
  }
  for (let i = 0; i < channel.length; i++) channel[i] = alpha[i] * channel[i] + (1 - alpha[i]) * background;
}

function contrastOf({ data }: Field): number {
  return data.reduce((most, value) => Math.max(most, value), 0) - data.reduce((least, value) => Math.min(least, value), 1);
}
