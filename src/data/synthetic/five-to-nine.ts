import { arc, type Point, type Sketch } from "./sketch.js";

/** Ways of writing 5 to 9; see glyphs.ts. */

export function five(s: Sketch): void {
  const d = s.draws;
  const left = d.uniform(0.04, 0.2);
  const shoulder = d.uniform(0.3, 0.52);
  const belly = left + d.uniform(0.25, 0.62);
  const roof = d.uniform(0, 0.08);
  const barEnd = left + d.uniform(0.2, 0.9);
  const barTilt = d.normal(-0.07, 0.08);
  const bowl: Point[] = [
    [left + (belly - left) * 0.5, shoulder - d.uniform(-0.02, 0.1)],
    [left + (belly - left) * 0.93, shoulder + (1 - shoulder) * d.uniform(0.12, 0.22)],
    [belly, shoulder + (1 - shoulder) * d.uniform(0.4, 0.55)],
    [left + (belly - left) * d.uniform(0.7, 0.88), shoulder + (1 - shoulder) * 0.82],
    [left + (belly - left) * d.uniform(0.2, 0.55), 1],
    [d.uniform(-0.18, 0.1), d.uniform(0.78, 0.98)],
  ];
  // The bowl ends early, or with a hook.
  const ending = d.choose([68, 17, 15]);
  if (ending === 1) bowl.pop();
  if (ending === 2) bowl.push([d.uniform(-0.16, -0.02), d.uniform(0.68, 0.8)]);
  const neck = left + d.normal(-0.03, 0.06);
  switch (d.choose([38, 36, 26])) {
    case 0:
      // Neck and bowl, then the roof on its own.
      s.stroke([[left + d.normal(0, 0.04), roof], [neck, shoulder, 1], ...bowl]);
      s.stroke([
        [left + d.normal(0.02, 0.06), roof + d.normal(0, 0.03)],
        [barEnd, roof + barTilt],
      ]);
      break;
    case 1:
      // One stroke from the end of the roof.
      s.stroke([[barEnd, roof + barTilt], [left + d.normal(0.02, 0.02), roof, 1], [neck, shoulder, 1], ...bowl]);
      break;
    default: {
      // Rounded like an S.
      bowl.shift();
      s.stroke([
        [barEnd, roof + barTilt],
        [left + (barEnd - left) * 0.45, roof + 0.01],
        [left, shoulder * 0.45],
        [left + 0.07, shoulder * 0.9],
        ...bowl,
      ]);
    }
  }
}

export function six(s: Sketch): void {
  const d = s.draws;
  const width = d.uniform(0.32, 0.8);
  const loopTop = d.uniform(0.36, 0.7);
  const left = d.normal(0, 0.03);
  // The pen starts over the loop's right side, or over the stem as in a b.
  const topX = left + d.uniform(0.02, 0.75) * d.uniform(0.5, 1);
  const bow = d.uniform(0.25, 0.6);
  const low = (1 - loopTop) / 2;
  const middle = loopTop + low;
  const bottom = left + width * d.uniform(0.35, 0.55);
  const points: Point[] = [
    [topX, d.uniform(0, 0.04)],
    [left + (topX - left) * bow, d.uniform(0.2, 0.34)],
    [left + d.uniform(-0.02, 0.04), loopTop + low * d.uniform(-0.2, 0.4)],
    [left + (bottom - left) * 0.28, middle + low * 0.65],
    [bottom, 1],
    [left + width * 0.88, middle + low * 0.6],
    [left + width, middle - low * d.uniform(-0.1, 0.4)],
    [left + width * d.uniform(0.65, 0.82), loopTop + low * d.uniform(0, 0.15)],
  ];
  // The loop ends on the stem, beyond it, before it, or curls down inside.
  const closing = d.choose([5, 2, 2, 4]);
  if (closing !== 2) points.push([left + width * d.uniform(0.35, 0.5), loopTop + low * d.uniform(0, 0.3)]);
  if (closing === 0) points.push([left + width * d.uniform(0.05, 0.2), loopTop + low * d.uniform(0.4, 0.9)]);
  if (closing === 1) points.push([left + width * d.uniform(-0.12, 0.08), loopTop + low * d.uniform(0.5, 1)]);
  if (closing === 3) {
    points.push([left + width * d.uniform(0.2, 0.32), middle + low * d.uniform(-0.2, 0.3)]);
    points.push([left + width * d.uniform(0.3, 0.55), 1 - low * d.uniform(0, 0.5)]);
  }
  // A hook at the top.
  if (d.chance(0.1)) points.unshift([topX + d.uniform(0.02, 0.12), d.uniform(0.04, 0.14)]);
  s.stroke(points);
}

export function seven(s: Sketch): void {
  const d = s.draws;
  const width = d.uniform(0.35, 0.85);
  const foot = d.uniform(-0.05, 0.75) * width;
  const roof = d.normal(0.02, 0.03);
  const corner = d.normal(0.01, 0.05);
  const bulge = d.normal(0, 0.06);
  const points: Point[] = [
    [d.normal(0, 0.05), roof + d.normal(0.04, 0.07)],
    [width * 0.5, roof + d.normal(0, 0.035)],
  ];
  if (d.chance(0.35)) points.push([width * 0.9, corner], [width, corner + d.uniform(0.08, 0.16)]);
  else points.push([width, corner, 1]);
  points.push([(width + foot) / 2 + bulge + 0.02, 0.5], [foot + bulge * 0.3, 0.78], [foot, 1]);
  // A serif that hangs from the roof's beginning, or a tick above it.
  const serif = d.choose([50, 43, 7]);
  if (serif === 1) {
    points[0] = [points[0][0], points[0][1], d.chance(0.6) ? 1 : undefined];
    points.unshift([d.normal(-0.01, 0.04), roof + d.uniform(0.08, 0.39)]);
  }
  if (serif === 2) points.unshift([d.normal(-0.02, 0.03), roof + d.uniform(-0.14, -0.04)]);
  s.stroke(points);
  if (d.chance(0.2)) {
    const y = d.uniform(0.4, 0.62);
    const x = foot + (width - foot) * (1 - y) + bulge;
    const tilt = d.normal(0, 0.06);
    s.stroke([
      [x - d.uniform(0.12, 0.4), y + tilt],
      [x + d.uniform(0.1, 0.38), y - tilt],
    ]);
  }
}

export function eight(s: Sketch): void {
  const d = s.draws;
  const waist = d.uniform(0.36, 0.64);
  const upper = d.uniform(0.12, 0.36);
  const lower = d.uniform(0.06, 0.36);
  const lean = d.normal(0.03, 0.06);
  const top = 0.5 + lean;
  const low = 0.5 - lean;
  const cross = 0.5 + d.normal(0, 0.03);
  const below = 1 - waist;
  if (d.chance(0.1)) {
    // Two circles.
    s.stroke(arc(top, waist / 2, upper, waist / 2, d.uniform(0.6, 0.9), -d.uniform(0.95, 1.08)));
    s.stroke(arc(low, (1 + waist) / 2, lower, below / 2, d.uniform(0.6, 0.9), -d.uniform(0.95, 1.08)));
    return;
  }
  // Where each loop is widest, from the crossing (0) to the loop's far end (1): the farther, the straighter the lines cross.
  const fullUpper = d.uniform(0.45, 0.75);
  const fullLower = d.uniform(0.45, 0.75);
  const startX = top + upper * d.uniform(0.3, 1.1);
  const startY = d.uniform(0.04, 0.22);
  const upperLoop: Point[] = [
    [startX, startY],
    [top + upper * d.uniform(-0.2, 0.2), d.uniform(-0.01, 0.04)],
    [top - upper * 0.8, waist * (1 - fullUpper) * 0.55],
    [top - upper * 0.9, waist * (1 - fullUpper) + waist * 0.15],
    [cross, waist],
  ];
  // A start on the right side of the upper loop or far out to the right.
  const beginning = d.choose([76, 12, 12]);
  if (beginning === 1) upperLoop.unshift([top + upper * 0.9, waist * d.uniform(0.4, 0.7)]);
  if (beginning === 2) upperLoop[0] = [top + upper * d.uniform(1.1, 2), d.uniform(-0.05, 0.15)];
  const lowerLoop: Point[] = [
    [low + lower * 0.9, waist + below * (fullLower - 0.08)],
    [low + lower * 0.9, waist + below * (0.5 + fullLower / 2)],
    [low + lower * d.normal(0, 0.12), 1],
    [low - lower * 0.9, waist + below * (0.5 + fullLower / 2)],
    [low - lower * 0.9, waist + below * (fullLower - 0.08)],
    [cross + d.normal(0, 0.02), waist + d.normal(0, 0.03)],
  ];
  // The end meets the start, passes it over the top, runs out to the right beyond it, or stops short.
  const ending = d.choose([34, 14, 36, 16]);
  const rise: Point = [top + upper * d.uniform(0.6, 0.95), waist * (1 - fullUpper) + waist * 0.1];
  const end: Point[] = [rise];
  if (ending === 0) end.push([startX + d.normal(0.02, 0.02), startY + 0.02]);
  if (ending === 1) end.push([startX + 0.03, startY], [startX - 0.08, d.uniform(-0.06, 0.02)]);
  if (ending === 2) {
    const reach = d.uniform(0.7, 1.8);
    end.splice(0, 1, [top + upper * reach * 0.6, waist * d.uniform(0.4, 0.6)], [top + upper * reach, d.uniform(-0.04, 0.2)]);
  }
  // Mirrored with a chance of 0.22; the lower loop stays open with a chance of 0.1.
  const mirror = d.chance(0.22) ? -1 : 1;
  const mirrored = ([x, y]: Point): Point => [0.5 + mirror * (x - 0.5), y];
  if (d.chance(0.1)) {
    s.stroke([...upperLoop, ...lowerLoop.slice(0, 2)].map(mirrored));
    s.stroke([...lowerLoop.slice(3), ...end].map(mirrored));
  } else s.stroke([...upperLoop, ...lowerLoop, ...end].map(mirrored));
}

export function nine(s: Sketch): void {
  const d = s.draws;
  const width = d.uniform(0.26, 0.8);
  const loop = d.uniform(0.26, 0.72);
  const right = 0.1 + width;
  const stemX = right + d.normal(0, 0.03);
  const startX = right - width * d.uniform(0, 0.35);
  const startY = d.uniform(0.03, 0.14);
  const top = d.uniform(0.04, 0.22);
  const bowl: Point[] = [
    [startX, startY],
    [right - width * 0.55, d.uniform(-0.01, 0.04)],
    [right - width * 0.95, loop * d.uniform(0.34, 0.5)],
    [right - width * 0.85, loop * 0.82],
    [right - width * 0.45, loop],
    [right - width * 0.12, loop * d.uniform(0.7, 0.85)],
  ];
  // Straight down, slanting, or bent to the left below.
  const straight = stemX - d.uniform(-0.08, 0.26);
  const bent = right - width * d.uniform(0.3, 1);
  const foot: Point[] = d.chance(0.68)
    ? [
        [(stemX + straight) / 2 + d.normal(0.02, 0.03), (loop + 1) / 2],
        [straight, 1],
      ]
    : [
        [stemX + d.normal(-0.01, 0.02), loop],
        [stemX - width * 0.12, 0.82],
        [(stemX + bent) / 2, 0.97],
        [bent, d.uniform(0.86, 1)],
      ];
  if (d.chance(0.06)) foot.push([foot[foot.length - 1][0] + d.uniform(0.1, 0.3), d.uniform(0.94, 1)]);
  switch (d.choose([46, 16, 22, 16])) {
    case 0:
      // Up to the top of the stem, then down.
      s.stroke([...bowl, [stemX, top, 1], ...foot]);
      break;
    case 1:
      // One spiral: the loop's right side is the stem.
      s.stroke([
        ...arc(right - width / 2, loop / 2, width / 2, loop / 2, d.uniform(0.85, 1.05), -d.uniform(0.9, 1.1)),
        [stemX - 0.01, loop],
        ...foot,
      ]);
      break;
    case 2:
      // Starts at or beyond the stem; the loop hardly rises before the stem goes down.
      bowl[0] = [right + width * d.uniform(-0.1, 0.4), d.uniform(-0.02, 0.14)];
      s.stroke([...bowl, [stemX, loop * d.uniform(0.25, 0.8), 1], ...foot]);
      break;
    default:
      // The stem on its own, the loop open or closed at the top.
      if (d.chance(0.5)) bowl.shift();
      s.stroke([...bowl, [stemX - 0.02, d.uniform(0.1, 0.3)]]);
      s.stroke([[stemX, d.uniform(-0.04, 0.12)], ...foot]);
  }
}
