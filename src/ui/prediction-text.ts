import { imageSide as side } from "../util/image-size.js";
import type { TerminalTraits } from "./terminal.js";

/** A prediction as lines of text: the picture as the network gets it, and the probabilities beside it. */

export interface Prediction {
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
