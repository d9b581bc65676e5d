import type { TerminalTraits } from "../../terminal.js";
import { attribute, defaultColor, flag, plain } from "./surface.js";

/** Everything about looks in one place. Attributes are Surface's packed numbers. */
export interface Theme extends TerminalTraits {
  text: number;
  faint: number;
  strong: number;
  title: number;
  border: number;
  selected: number;
  good: number;
  warning: number;
  error: number;
  /** One hue for each model, in order; stable for the whole run. */
  models: readonly number[];
  /** The same hues darker, for the training curves behind the test curves. */
  modelsDim: readonly number[];
  /** Colours of the quantities, where only one model is shown. */
  trainLoss: number;
  trainAccuracy: number;
  test: number;
  glyphs: Glyphs;
  /** A cell's attribute for a value in [0, 1] of a heat map. */
  heat(value: number, kind: "right" | "wrong"): number;
  /** A colour index for a brightness in [0, 1], 0 is black. */
  grey(brightness: number): number;
}

interface Glyphs {
  horizontal: string;
  vertical: string;
  topLeft: string;
  topRight: string;
  bottomLeft: string;
  bottomRight: string;
  full: string;
  /** Parts of a cell filled from the left, an eighth each. */
  eighths: readonly string[];
  track: string;
  solid: string;
  dashed: string;
  pointer: string;
  tick: string;
  cursor: string;
  ramp: string;
}

const unicode: Glyphs = {
  horizontal: "─",
  vertical: "│",
  topLeft: "┌",
  topRight: "┐",
  bottomLeft: "└",
  bottomRight: "┘",
  full: "█",
  eighths: ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"],
  track: "░",
  solid: "━━",
  dashed: "╍╍",
  pointer: "▸",
  tick: "┤",
  cursor: "│",
  ramp: " ░▒▓█",
};

const ascii: Glyphs = {
  horizontal: "-",
  vertical: "|",
  topLeft: "+",
  topRight: "+",
  bottomLeft: "+",
  bottomRight: "+",
  full: "#",
  eighths: ["", "", "", "", "", "", "", ""],
  track: ".",
  solid: "--",
  dashed: "..",
  pointer: ">",
  tick: "+",
  cursor: ":",
  ramp: " .:-=+*#%@",
};

// Hues after Okabe and Ito (2008), told apart with every common kind of colour blindness: the nearest of the 256 and of the 16 colours.
const hues = {
  256: { blue: 33, orange: 214, green: 36, pink: 175, sky: 117, vermilion: 202, yellow: 227, grey: 245, red: 203 },
  16: { blue: 12, orange: 11, green: 10, pink: 13, sky: 14, vermilion: 9, yellow: 11, grey: 7, red: 9 },
} as const;

export function createTheme(options: TerminalTraits): Theme {
  const glyphs = options.charset === "ascii" ? ascii : unicode;
  return options.depth === 1 ? plainTheme(options, glyphs) : colorTheme(options, options.depth, glyphs);
}

function colorTheme(options: TerminalTraits, depth: 256 | 16, glyphs: Glyphs): Theme {
  const hue = hues[depth];
  const ink = (color: number, flags = 0) => attribute(color, defaultColor, flags);
  const grey = (brightness: number): number => {
    const value = Math.min(1, Math.max(0, brightness));
    if (depth === 256) return value < 0.02 ? 16 : 232 + Math.round(value * 23);
    return value < 0.2 ? 0 : value < 0.55 ? 8 : value < 0.85 ? 7 : 15;
  };
  return {
    ...options,
    glyphs,
    text: plain,
    faint: ink(depth === 256 ? 245 : 8),
    strong: attribute(defaultColor, defaultColor, flag.bold),
    title: ink(hue.sky, flag.bold),
    border: ink(depth === 256 ? 240 : 8),
    selected: attribute(defaultColor, defaultColor, flag.inverse),
    good: ink(hue.green),
    warning: ink(hue.orange),
    error: ink(hue.red, flag.bold),
    models: [hue.blue, hue.orange, hue.green, hue.pink, hue.sky, hue.vermilion].map((color) => ink(color)),
    modelsDim: (depth === 256 ? [26, 136, 29, 132, 74, 130] : [4, 3, 2, 5, 6, 1]).map((color) => ink(color)),
    trainLoss: ink(hue.blue),
    trainAccuracy: ink(hue.green),
    test: ink(hue.orange),
    heat: (value, kind) => heatColor(value, kind, depth),
    grey,
  };
}

function plainTheme(options: TerminalTraits, glyphs: Glyphs): Theme {
  const bold = attribute(defaultColor, defaultColor, flag.bold);
  return {
    ...options,
    glyphs,
    text: plain,
    faint: plain,
    strong: bold,
    title: bold,
    border: plain,
    selected: attribute(defaultColor, defaultColor, flag.inverse),
    good: plain,
    warning: bold,
    error: bold,
    models: [plain],
    modelsDim: [plain],
    trainLoss: plain,
    trainAccuracy: plain,
    test: plain,
    heat: (value, kind) => (value > (kind === "right" ? 0.5 : 0.02) ? bold : plain),
    grey: () => defaultColor,
  };
}

/** Right answers in blue, wrong ones in orange: a pair that every eye tells apart; brighter is more. */
function heatColor(value: number, kind: "right" | "wrong", depth: 256 | 16): number {
  if (!(value > 0)) return attribute(depth === 256 ? 240 : 8, defaultColor);
  if (depth === 16) return attribute(value > 0.5 ? 0 : defaultColor, value > 0.5 ? (kind === "right" ? 4 : 3) : defaultColor);
  // Errors are rare, so their scale is a root: one of a hundred is visible, twenty are bright.
  const steps = kind === "right" ? [17, 18, 19, 25, 26, 32] : [234, 52, 88, 130, 166, 208];
  const share = kind === "right" ? value : Math.sqrt(value * 5);
  const index = Math.min(steps.length - 1, Math.floor(Math.min(0.999, share) * steps.length));
  return attribute(index >= 4 && kind === "wrong" ? 16 : 255, steps[index]);
}
