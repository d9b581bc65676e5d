import type { Sharp } from "sharp";
import { fromStrokes, type Handwritten, longUpstroke1, parted5, written } from "./handwriting.js";
import {
  asDrawing,
  asSharp,
  black,
  type Colour,
  type Digits,
  enlarge,
  photograph,
  plain,
  redraw,
  testDigits,
  transparent,
  white,
} from "./pictures.js";
import { area, box, Dice, drawn, type Layer, line, render, rules, type Scene } from "./scene.js";

/** Pictures as people take them, by kinds; each follows from its seed. */

export interface Sample {
  bytes: Buffer;
  extension: "png" | "jpg";
  /** The digits from left to right; none on a blank page. */
  labels: number[];
}

type Kind = (digits: Digits, dice: Dice) => Promise<Sample>;

const papers: readonly Colour[] = [
  [235, 235, 235],
  [250, 250, 248],
  [228, 222, 208],
  [245, 240, 225],
  [215, 220, 228],
];
const inks: readonly Colour[] = [
  [20, 20, 20],
  [35, 40, 90],
  [30, 60, 150],
  [60, 60, 65],
  [150, 30, 40],
];
const desks: readonly Colour[] = [
  [70, 70, 70],
  [40, 35, 30],
  [110, 80, 50],
  [95, 100, 110],
  [130, 105, 80],
  [20, 25, 40],
];

const label = ({ label }: Handwritten) => [label];

async function png(image: Sharp, labels: number[]): Promise<Sample> {
  return { bytes: await image.png({ compressionLevel: 3 }).toBuffer(), extension: "png", labels };
}

/** Often a little out of focus. */
async function photo(image: Sharp, dice: Dice, labels: number[]): Promise<Sample> {
  const focused = dice.chance(0.5) ? image.blur(dice.from(0.4, 1.3)) : image;
  return { bytes: await focused.jpeg({ quality: dice.pick([60, 80, 92]) }).toBuffer(), extension: "jpg", labels };
}

/** A gradient in any direction, and dark corners. */
function light(dice: Dice, least: number): (u: number, v: number) => number {
  const [angle, fall, corners] = [dice.from(0, 2 * Math.PI), dice.from(0, 1 - least), dice.from(0, 0.15)];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (u, v) =>
    1 - fall * (0.5 + 0.5 * (cos * (2 * u - 1) + sin * (2 * v - 1)) * 0.7) - corners * ((2 * u - 1) ** 2 + (2 * v - 1) ** 2) * 0.5;
}

/** Turned about the picture's middle by `degrees`, with a slight perspective. */
function turned(width: number, height: number, degrees: number, perspective = 0): (x: number, y: number) => [number, number] {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [cx, cy] = [width / 2, height / 2];
  return (x, y) => {
    const depth = 1 + (perspective * (y - cy)) / height;
    const [dx, dy] = [(x - cx) * depth, (y - cy) * depth];
    return [cx + cos * dx + sin * dy, cy - sin * dx + cos * dy];
  };
}

function camera(dice: Dice): Pick<Scene, "light" | "texture" | "noise"> {
  return { light: light(dice, 0.5), texture: dice.from(0, 8), noise: dice.from(0, 6) };
}

/** A digit somewhere in a box. */
function placed(
  digit: Handwritten,
  dice: Dice,
  into: { left: number; top: number; right: number; bottom: number },
  ink: Colour,
  turn = 0,
): Layer {
  const { width, height } = digit.drawing;
  const spread = (low: number, high: number, size: number) =>
    (low + high - size) / 2 + dice.from(-0.35, 0.35) * Math.max(0, high - low - size);
  return drawn(
    digit.drawing,
    Math.round(spread(into.left, into.right, width)),
    Math.round(spread(into.top, into.bottom, height)),
    ink,
    turn,
  );
}

/** @param fills part of the picture that the sheet takes @param cut edges of the picture that cut it */
function sheetOnDesk(fills: number, cut: number, turn: number): Kind {
  return async (digits, dice) => {
    const [width, height] = dice.pick([
      [120, 120],
      [320, 240],
      [480, 640],
      [800, 600],
      [640, 640],
    ]);
    const part = Math.sqrt(fills);
    const [w, h] = [width * part * (cut ? 1.15 : 1), height * part * (cut ? 1.15 : 1)];
    let [left, top] = [(width - w) / 2, (height - h) / 2];
    let [right, bottom] = [left + w, top + h];
    const room = cut ? 0 : 0.8;
    const [dx, dy] = [dice.from(-room, room) * left, dice.from(-room, room) * top];
    [left, right, top, bottom] = [left + dx, right + dx, top + dy, bottom + dy];
    const sides = ["left", "top", "right", "bottom"];
    const first = dice.whole(0, 3);
    const visible = { left, top, right, bottom };
    for (let i = 0; i < cut; i++) {
      // One edge, two that meet, or three.
      const side = sides[(first + i) % 4] as keyof typeof visible;
      const beyond = { left: -width, top: -height, right: 2 * width, bottom: 2 * height }[side];
      [left, top, right, bottom] = sides.map((name, k) => (name === side ? beyond : [left, top, right, bottom][k]));
      visible[side] = { left: 0, top: 0, right: width, bottom: height }[side];
    }
    const angle = dice.from(-turn, turn);
    const inner = Math.min(visible.right - visible.left, visible.bottom - visible.top);
    const ink = dice.pick(inks);
    const digit = written(digits, dice, Math.round(inner * dice.from(0.4, 0.65)));
    const ease = inner * 0.12;
    const within = { left: visible.left + ease, top: visible.top + ease, right: visible.right - ease, bottom: visible.bottom - ease };
    const shots = width > 130;
    const scene: Scene = {
      width,
      height,
      paper: dice.pick(papers),
      layers: [placed(digit, dice, within, ink, dice.chance(0.5) ? 0 : -angle)],
      place: turned(width, height, angle, shots ? dice.from(-0.15, 0.15) : 0),
      sheet: { left, top, right, bottom, desk: dice.pick(desks), grain: shots ? dice.from(0, 40) : 0 },
      ...(shots ? { ...camera(dice), light: light(dice, 0.65) } : {}),
      seed: dice.seed,
    };
    return shots ? photo(render(scene), dice, label(digit)) : png(render(scene), label(digit));
  };
}

/** A box of lines, along the edge of the picture or inside of it. */
function frame(inset: "edge" | "inside"): Kind {
  return async (digits, dice) => {
    const side = dice.pick([28 * 2, 100, 200, 400, 700]);
    const width = side;
    const height = Math.round(side * dice.from(0.8, 1.25));
    const thickness = Math.max(1, Math.round(side * dice.from(0.006, 0.04)));
    const gap = inset === "edge" ? thickness / 2 : thickness / 2 + side * dice.from(0.03, 0.15);
    const [ink, paper] = dice.chance(0.8) ? [dice.pick([black, ...inks]), dice.pick([white, ...papers])] : [white, black];
    const shorter = Math.min(width, height) - 2 * gap;
    const digit = written(digits, dice, Math.round(shorter * dice.from(0.45, 0.75)));
    const inner = {
      left: gap + 2 * thickness,
      top: gap + 2 * thickness,
      right: width - gap - 2 * thickness,
      bottom: height - gap - 2 * thickness,
    };
    const lines = box(
      gap,
      gap,
      width - gap,
      height - gap,
      thickness,
      dice.chance(0.5) ? ink : dice.pick([...inks, black, white].filter((c) => distant(c, paper))),
    );
    return png(render({ width, height, paper, layers: [placed(digit, dice, inner, ink), lines], seed: dice.seed }), label(digit));
  };
}

function distant(one: Colour, other: Colour): boolean {
  return Math.abs(one[0] + one[1] + one[2] - other[0] - other[1] - other[2]) > 250;
}

/** A table with a digit in one cell: cut out of its middle, or whole, with lines all around. */
function table(part: "cut out" | "whole"): Kind {
  return async (digits, dice) => {
    const w = dice.pick([40, 60, 100, 200, 300]);
    const h = Math.round(w * dice.from(0.8, 1.2));
    const thickness = Math.max(1, w * dice.from(0.01, 0.05));
    const colour = dice.pick<Colour>([black, [120, 120, 120], [40, 40, 60]]);
    const [columns, rows] = part === "whole" ? [dice.whole(1, 3), dice.whole(1, 3)] : [3, 3];
    const [column, row] = part === "whole" ? [dice.whole(0, columns - 1), dice.whole(0, rows - 1)] : [1, 1];
    const margin = part === "whole" ? Math.round(w * dice.from(0.1, 0.5)) : -Math.round(w * dice.from(0.1, 0.9));
    const [width, height] = [Math.round(columns * w + 2 * margin), Math.round(rows * h + 2 * margin)];
    const lines: Layer[] = [];
    for (let i = 0; i <= columns; i++) lines.push(line(margin + i * w, margin, margin + i * w, margin + rows * h, thickness, colour));
    for (let i = 0; i <= rows; i++) lines.push(line(margin, margin + i * h, margin + columns * w, margin + i * h, thickness, colour));
    const [left, top] = [margin + column * w + thickness, margin + row * h + thickness];
    const digit = written(digits, dice, Math.round(Math.min(w, h) * dice.from(0.5, 0.85)));
    const shots = dice.chance(0.5) && w >= 100;
    const scene: Scene = {
      width,
      height,
      paper: shots ? dice.pick(papers) : white,
      layers: [
        placed(digit, dice, { left, top, right: left + w - 2 * thickness, bottom: top + h - 2 * thickness }, dice.pick(inks)),
        ...lines,
      ],
      place: turned(width, height, shots ? dice.from(-3, 3) : 0),
      ...(shots ? camera(dice) : {}),
      seed: dice.seed,
    };
    return shots ? photo(render(scene), dice, label(digit)) : png(render(scene), label(digit));
  };
}

/** Figures as plotting libraries save them: a digit's 28×28 pixels as squares within axes, with ticks, numbers and perhaps a title. */
const plot: Kind = async (digits, dice) => {
  const scale = dice.pick([0.6, 1, 1, 2]);
  const [width, height] = [Math.round(640 * scale), Math.round(480 * scale)];
  const size = Math.round((dice.pick([340, 370]) * scale) / 28) * 28;
  const [left, top] = [Math.round((width - size) / 2), Math.round((height - size) / 2)];
  const index = dice.whole(0, 9999);
  const image = digits.images.subarray(784 * index, 784 * index + 784);
  const [low, high] = dice.pick<readonly [Colour, Colour]>([
    [white, black],
    [white, black],
    [black, white],
    [
      [68, 1, 84],
      [253, 231, 37],
    ],
  ]);
  const cells: Layer = {
    colour: high,
    coverage(x, y) {
      const [column, row] = [Math.floor(((x - left) * 28) / size), Math.floor(((y - top) * 28) / size)];
      return column >= 0 && row >= 0 && column < 28 && row < 28 ? image[28 * row + column] / 255 : 0;
    },
  };
  const thickness = Math.max(1, Math.round(scale));
  const marks: Layer[] = [];
  for (let tick = 0; tick < 28; tick += 5) {
    const at = ((tick + 0.5) * size) / 28;
    const long = 4 * scale;
    marks.push(line(left + at, top + size, left + at, top + size + long, thickness, black));
    marks.push(line(left, top + at, left - long, top + at, thickness, black));
    marks.push(...text(String(tick), left + at - 5 * scale, top + size + 8 * scale, 10 * scale, scale));
    marks.push(...text(String(tick), left - 22 * scale, top + at - 5 * scale, 10 * scale, scale));
  }
  if (dice.chance(0.4))
    marks.push(
      ...text(
        String(digits.labels[index]).repeat(dice.whole(1, 4)),
        left + size / 2 - 10 * scale,
        top - 24 * scale,
        14 * scale,
        1.4 * scale,
      ),
    );
  const axes = dice.chance(0.8)
    ? [box(left, top, left + size, top + size, thickness, black)]
    : [line(left, top, left, top + size, thickness, black), line(left, top + size, left + size, top + size, thickness, black)];
  return png(
    render({
      width,
      height,
      paper: white,
      layers: [area(left, top, left + size, top + size, low), cells, ...axes, ...marks],
      seed: dice.seed,
    }),
    [digits.labels[index]],
  );
};

/** Small digits of straight strokes, as labels have. */
function text(characters: string, left: number, top: number, height: number, pen: number): Layer[] {
  return [...characters].map((character, i) => {
    const digit = fromStrokes(new Dice(Number(character), 77), Math.round(height), Number(character), Math.max(1, pen));
    return drawn(digit.drawing, left + i * height * 0.7, top, black);
  });
}

/** Ruled or squared paper, photographed, its lines touching the digit. */
function ruled(pattern: "ruled" | "squared", strength: readonly [low: number, high: number]): Kind {
  return async (digits, dice) => {
    const [width, height] = dice.pick([
      [800, 800],
      [640, 480],
      [600, 800],
      [1200, 900],
    ]);
    const side = Math.min(width, height);
    const period = pattern === "ruled" ? side * dice.from(0.08, 0.16) : side * dice.from(0.06, 0.12);
    const digit = written(digits, dice, Math.round(side * dice.from(0.28, 0.5)));
    const layers = paperLines(pattern, dice, width, period, dice.from(strength[0], strength[1]));
    const within = { left: width * 0.12, top: height * 0.1, right: width * 0.92, bottom: height * 0.9 };
    return photo(
      render({
        width,
        height,
        paper: dice.pick(papers),
        layers: [...layers, placed(digit, dice, within, dice.pick(inks))],
        place: turned(width, height, dice.from(-4, 4), dice.from(-0.05, 0.05)),
        ...camera(dice),
        seed: dice.seed,
      }),
      dice,
      label(digit),
    );
  };
}

function paperLines(pattern: "ruled" | "squared", dice: Dice, width: number, period: number, strength: number): Layer[] {
  const colour = dice.pick<Colour>([
    [90, 120, 180],
    [120, 120, 125],
    [70, 90, 140],
    [150, 160, 190],
  ]);
  const thickness = Math.max(1, width * dice.from(0.0015, 0.006));
  const layers = [rules("x", period, dice.from(0, period), thickness, colour, strength)];
  if (pattern === "squared") layers.push(rules("y", period, dice.from(0, period), thickness, colour, strength));
  else if (dice.chance(0.4)) layers.push(rules("y", 10 * width, width * dice.from(0.06, 0.12), thickness, [200, 60, 70], strength));
  return layers;
}

/** A photographed sheet without a digit. */
function blankPaper(pattern?: "ruled" | "squared"): Kind {
  return async (_, dice) => {
    const [width, height] = dice.pick([
      [600, 800],
      [800, 600],
      [400, 400],
      [1200, 900],
    ]);
    const layers = pattern ? paperLines(pattern, dice, width, Math.min(width, height) * dice.from(0.06, 0.16), dice.from(0.3, 1)) : [];
    return photo(
      render({
        width,
        height,
        paper: dice.pick(papers),
        layers,
        place: turned(width, height, dice.from(-4, 4), dice.from(-0.05, 0.05)),
        light: light(dice, 0.35),
        texture: dice.from(0, 14),
        noise: dice.from(0, 9),
        seed: dice.seed,
      }),
      dice,
      [],
    );
  };
}

/** Digits side by side. */
function several(least: number, most: number): Kind {
  return async (digits, dice) => {
    const count = dice.whole(least, most);
    const height = dice.pick([40, 80, 150]);
    const [ink, paper] = dice.chance(0.2) ? [white, black] : [dice.pick(inks), dice.pick([white, ...papers])];
    const layers: Layer[] = [];
    const labels: number[] = [];
    const top = Math.round(height * dice.from(0.15, 0.8));
    let x = height * dice.from(0.2, 0.8);
    for (let i = 0; i < count; i++) {
      const digit = written(digits, dice, Math.round(height * dice.from(0.85, 1)));
      layers.push(drawn(digit.drawing, Math.round(x), Math.round(top + dice.from(0, 0.15) * height), ink));
      labels.push(digit.label);
      x += digit.drawing.width + height * dice.from(0.2, 0.8);
    }
    const shots = dice.chance(0.5);
    const scene: Scene = {
      width: Math.round(x + height * dice.from(0, 0.5)),
      height: Math.round(top * 2 + height * 1.15),
      paper,
      layers,
      ...(shots && paper !== black ? camera(dice) : {}),
      seed: dice.seed,
    };
    return shots ? photo(render(scene), dice, labels) : png(render(scene), labels);
  };
}

/** One digit on a page, as pen, paper, light and size come. */
function page(make: (dice: Dice, height: number) => Handwritten): Kind {
  return async (_, dice) => {
    const [width, height] = dice.pick([
      [120, 120],
      [320, 240],
      [640, 480],
      [600, 800],
    ]);
    const digit = make(dice, Math.round(Math.min(width, height) * dice.from(0.3, 0.75)));
    const shots = dice.chance(0.6);
    const scene: Scene = {
      width,
      height,
      paper: shots ? dice.pick(papers) : white,
      layers: [placed(digit, dice, { left: 4, top: 4, right: width - 4, bottom: height - 4 }, dice.pick(inks))],
      ...(shots ? camera(dice) : {}),
      seed: dice.seed,
    };
    return shots ? photo(render(scene), dice, label(digit)) : png(render(scene), label(digit));
  };
}

/** A digit alone in its 28×28 frame, larger. */
function alone(scales: readonly number[], finish: (drawing: ReturnType<typeof enlarge>, dice: Dice) => Sharp): Kind {
  return async (digits, dice) => {
    const index = dice.whole(0, 9999);
    const drawing = enlarge(asDrawing(digits.images.subarray(784 * index, 784 * index + 784)), dice.pick(scales));
    return png(finish(drawing, dice), [digits.labels[index]]);
  };
}

/** A pen, paper and light of one sort, at 640 × 480. */
function shot(paper: Colour, ink: Colour, pen: number, fall: (u: number, v: number) => number): Kind {
  return async (digits, dice) => {
    const index = dice.whole(0, 9999);
    const drawing = redraw(enlarge(asDrawing(digits.images.subarray(784 * index, 784 * index + 784)), dice.pick([6, 8])), pen);
    const [left, top] = [dice.whole(0, 640 - drawing.width), dice.whole(0, 480 - drawing.height)];
    const picture = photograph(drawing, { width: 640, height: 480, left, top, paper, ink, light: fall, noise: 4, seed: dice.seed });
    return { bytes: await asSharp(picture).jpeg().toBuffer(), extension: "jpg", labels: [digits.labels[index]] };
  };
}

const upright = (drawing: ReturnType<typeof enlarge>) => asSharp(plain(drawing, white, black));

/** Kinds that were read before, and kinds that were not (see shared cases), in the order of a report. */
export const kinds: Record<string, Kind> = {
  "dataset image": alone([1], (drawing, dice) => asSharp(dice.chance(0.5) ? plain(drawing, black, white) : plain(drawing, white, black))),
  small: alone([0.8, 1.5, 2, 3], upright),
  inverted: alone([2, 3.7, 10], (drawing) => asSharp(plain(drawing, black, white))),
  transparent: alone([6], (drawing, dice) => transparent(drawing, dice.chance(0.5) ? black : white)),
  large: alone([60, 100, 140], upright),
  "hair line": alone([10], (drawing) => upright(redraw(drawing, 2))),
  brush: alone([10], (drawing) => upright(redraw(drawing, 42))),
  "pen on paper": shot([228, 222, 208], [40, 45, 90], 7, (u, v) => 1 - 0.5 * u * v - 0.1 * v),
  "half in shadow": shot([228, 222, 208], [40, 45, 90], 9, (u, v) => 1 - 0.5 * Math.min(1, Math.max(0, 12 * (u + 0.3 * v - 0.65)))),
  pencil: shot([228, 222, 208], [150, 150, 150], 7, (u, v) => 1 - 0.4 * u * v),
  chalk: shot([40, 70, 55], [220, 225, 215], 10, (_, v) => 1 - 0.4 * v),
  "strokes on a page": page((dice, height) => fromStrokes(dice, height)),
  "sheet of 90 %": sheetOnDesk(0.9, 0, 0),
  "sheet of 60 %": sheetOnDesk(0.6, 0, 3),
  "sheet of 25 %": sheetOnDesk(0.25, 0, 3),
  "sheet turned": sheetOnDesk(0.5, 0, 20),
  "sheet cut by one edge": sheetOnDesk(0.6, 1, 5),
  "sheet cut by two edges": sheetOnDesk(0.6, 2, 5),
  "sheet cut by three edges": sheetOnDesk(0.6, 3, 5),
  "frame at the edge": frame("edge"),
  "frame inside": frame("inside"),
  "table cut out": table("cut out"),
  "table whole": table("whole"),
  plot,
  "strong rules": ruled("ruled", [0.7, 1]),
  "faint rules": ruled("ruled", [0.2, 0.7]),
  "strong squares": ruled("squared", [0.7, 1]),
  "faint squares": ruled("squared", [0.2, 0.7]),
  "blank paper": blankPaper(),
  "blank ruled paper": blankPaper("ruled"),
  "blank squared paper": blankPaper("squared"),
  "two digits": several(2, 2),
  "three to five digits": several(3, 5),
  "5 of two strokes": page(parted5),
  "1 with a long upstroke": page(longUpstroke1),
};

/** @returns the kind's picture number `seed` */
export function sample(kind: string, digits: Digits, seed: number): Promise<Sample> {
  const lane = Object.keys(kinds).indexOf(kind);
  return kinds[kind](digits, new Dice(seed, lane));
}

export { testDigits };
