import { imageSide as side } from "../util/image-size.js";
import type { TerminalTraits } from "./terminal.js";

/** A prediction as lines of text: the picture as the network gets it, and the probabilities beside it. */

interface Prediction {
  /** [784] in [0, 1] */
  pixels: Float32Array;
  label: number;
  /** [10] */
  probabilities: readonly number[];
  classNames: readonly string[];
}

const barWidth = 24;
/** From paper to ink. */
const ramp = " .:-=+*#%@";
const csi = "\u001b[";

/** @returns 14 lines, 28 columns of picture, then bars; csi codes only where the depth is more than 1 */
export function predictionLines(prediction: Prediction, traits: TerminalTraits): string[] {
  const picture = pictureLines(prediction.pixels, traits);
  const bars = barLines(prediction, traits);
  const start = Math.floor((picture.length - bars.length) / 2);
  return picture.map((line, row) => {
    const bar = bars[row - start];
    return bar === undefined ? line : `${line}  ${bar}`;
  });
}

/** A picture with several digits, small, a box around each. */
interface Overview {
  width: number;
  height: number;
  /** [height × width] 0 background … 1 ink */
  data: Float32Array;
  /** Pixels of the picture in one of these. */
  scale: number;
}

interface BoxedDigit {
  name: string;
  /** Of its label. */
  probability: number;
  /** Left, top, width and height in the picture. */
  box: readonly [number, number, number, number];
}

const overviewColumns = 64;

/** @returns the picture with a box around every digit, then one line a digit; no csi codes */
export function overviewLines(
  { width, height, data, scale }: Overview,
  digits: readonly BoxedDigit[],
  { charset }: TerminalTraits,
): string[] {
  const perCell = Math.max(1, width / overviewColumns);
  const [columns, rows] = [Math.ceil(width / perCell), Math.ceil(height / (2 * perCell))];
  const cells = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => {
      const [x, y] = [Math.min(width - 1, Math.floor((column + 0.5) * perCell)), (row + 0.5) * 2 * perCell];
      const at = (dy: number) => data[Math.min(height - 1, Math.max(0, Math.floor(y + dy))) * width + x];
      const [upper, lower] = [at(-perCell / 2), at(perCell / 2)];
      if (charset === "ascii") return ramp[Math.min(ramp.length - 1, Math.floor(((upper + lower) / 2) * ramp.length))];
      return " ▀▄█"[Number(upper > 0.45) + 2 * Number(lower > 0.45)];
    }),
  );
  const [corners, across, down] = charset === "ascii" ? ["++++", "-", "|"] : ["┌┐└┘", "─", "│"];
  for (const { box } of digits) {
    const [left, top, boxWidth, boxHeight] = box.map((value) => value / scale / perCell);
    const [x0, x1] = [Math.max(0, Math.floor(left) - 1), Math.min(columns - 1, Math.ceil(left + boxWidth))];
    const [y0, y1] = [Math.max(0, Math.floor(top / 2) - 1), Math.min(rows - 1, Math.ceil((top + boxHeight) / 2))];
    for (let x = x0; x <= x1; x++) for (const y of [y0, y1]) cells[y][x] = across;
    for (let y = y0; y <= y1; y++) for (const x of [x0, x1]) cells[y][x] = down;
    [cells[y0][x0], cells[y0][x1], cells[y1][x0], cells[y1][x1]] = corners;
  }
  const nameWidth = Math.max(...digits.map(({ name }) => name.length));
  return [
    ...cells.map((row) => row.join("").trimEnd()),
    ...digits.map(({ name, probability, box: [left, top, w, h] }) => {
      const place = `at ${left}, ${top}: ${w}${charset === "ascii" ? "x" : "×"}${h} pixels`;
      return `${name.padStart(nameWidth)} ${(probability * 100).toFixed(1).padStart(5)} %  ${place}`;
    }),
  ];
}

/** Half blocks show two pixels a cell, in 24 greys where the terminal has them; the ramp shows their mean. */
function pictureLines(pixels: Float32Array, { depth, charset }: TerminalTraits): string[] {
  return Array.from({ length: side / 2 }, (_, row) => {
    const cells = Array.from({ length: side }, (_, x): [upper: number, lower: number] => [
      pixels[2 * row * side + x],
      pixels[(2 * row + 1) * side + x],
    ]);
    if (charset === "ascii")
      return cells.map(([upper, lower]) => ramp[Math.min(ramp.length - 1, Math.floor(((upper + lower) / 2) * ramp.length))]).join("");
    if (depth >= 256) return `${cells.map(([upper, lower]) => `${csi}38;5;${grey(upper)};48;5;${grey(lower)}m▀`).join("")}${csi}0m`;
    return cells.map(([upper, lower]) => " ▀▄█"[Number(upper > 0.4) + 2 * Number(lower > 0.4)]).join("");
  });
}

/** The 24 greys of the 256-colour palette. */
function grey(value: number): number {
  return 232 + Math.min(23, Math.max(0, Math.round(value * 23)));
}

function barLines({ label, probabilities, classNames }: Prediction, { depth, charset }: TerminalTraits): string[] {
  const nameWidth = Math.max(...classNames.map((name) => name.length));
  return probabilities.map((probability, index) => {
    const filled = Math.round(probability * barWidth);
    const bar = (charset === "ascii" ? "#" : "█").repeat(filled) + (charset === "ascii" ? "." : "·").repeat(barWidth - filled);
    const line = `${classNames[index].padStart(nameWidth)} ${bar} ${(probability * 100).toFixed(1).padStart(5)} %`;
    return depth > 1 && index === label ? `${csi}1m${line}${csi}0m` : line;
  });
}
