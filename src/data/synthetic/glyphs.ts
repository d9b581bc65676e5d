import { arc, type Point, type Sketch } from "./sketch.js";

/**
 * How people write the ten digits: for each a few ways, each with its own free parameters. The proportions follow common handwriting
 * models; nothing here was traced from a dataset.
 */

function zero(s: Sketch): void {
  const d = s.draws;
  const rx = d.chance(0.12) ? d.uniform(0.5, 0.75) : d.uniform(0.2, 0.52);
  const start = d.normal(0.78, 0.1);
  const direction = d.chance(0.85) ? -1 : 1;
  const egg = d.normal(0, 0.15);
  const shape = ([x, y]: Point): Point => [0.5 + (x - 0.5) * (1 + egg * (y - 0.5)), y];
  // The end meets the start, runs on inside or outside of it, or stops short.
  const ending = d.choose([56, 26, 18]);
  const sweep = ending === 0 ? d.uniform(0.97, 1.08) : ending === 1 ? d.uniform(1.08, 1.5) : d.uniform(0.84, 0.97);
  const points = arc(0.5, 0.5, rx, 0.5, start, direction * sweep, ending === 1 ? d.uniform(0.6, 1.15) : d.normal(1, 0.08)).map(shape);
  // Some begin with a short straight line from outside or within.
  if (d.chance(0.22)) points.unshift([points[0][0] + d.normal(0.06, 0.16), points[0][1] + d.normal(0.03, 0.14)]);
  s.stroke(points);
}

function one(s: Sketch): void {
  const d = s.draws;
  const bend = d.normal(0, 0.025);
  const kind = d.choose([74, 12, 8, 6]);
  const top: Point = [0.5, 0, 1];
  const flag = kind === 1 || kind === 2;
  if (flag) {
    const reach = d.uniform(0.08, 0.32);
    s.stroke([[0.5 - reach, d.uniform(0.08, 0.3)], [0.5 - reach * 0.45, d.uniform(0.06, 0.14)], top, [0.5 + bend, 0.5], [0.5, 1]]);
  } else s.stroke([top, [0.5 + bend, 0.33], [0.5 + bend, 0.66], [0.5, 1]]);
  if (kind >= 2) {
    const tilt = d.normal(0, 0.025);
    s.stroke([
      [0.5 - d.uniform(0.15, 0.36), 1 + tilt],
      [0.5 + d.uniform(0.12, 0.36), 1 - tilt],
    ]);
  }
}

function two(s: Sketch): void {
  const d = s.draws;
  const width = d.uniform(0.4, 0.8);
  const hookY = d.uniform(0.08, 0.38);
  const shoulder = d.uniform(0.18, 0.36);
  const bottomLeft = d.normal(0, 0.08);
  const floor = d.uniform(0.84, 1);
  const tail = width + d.uniform(-0.22, 0.36);
  const top: Point[] = [
    [d.uniform(-0.04, 0.16), hookY],
    [width * d.uniform(0.25, 0.4), d.uniform(0, 0.08)],
    [width * 0.72, d.uniform(0, 0.06)],
    [width, shoulder],
    [width * d.uniform(0.7, 0.9), d.uniform(0.42, 0.6)],
  ];
  // Some begin in the middle of the arc, without a hook; some curl in.
  const beginning = d.choose([70, 15, 15]);
  if (beginning === 1) top.shift();
  if (beginning === 2) top.unshift([top[0][0] + d.uniform(0.04, 0.16), hookY + d.uniform(0, 0.08)]);
  const neck: Point = [bottomLeft + (width - bottomLeft) * d.uniform(0.36, 0.5), d.uniform(0.66, 0.8)];
  switch (d.choose([38, 44, 18])) {
    case 0:
      s.stroke([...top, neck, [bottomLeft, floor, 1], [width * 0.55, floor + d.normal(0, 0.04)], [tail, floor + d.normal(0.01, 0.1)]]);
      break;
    case 1: {
      // A loop in the corner, from a mere knot to half of the height.
      const size = d.chance(0.6) ? d.uniform(0.04, 0.16) : d.uniform(0.14, 0.26);
      const flat = d.uniform(0.7, 1.5);
      const x = bottomLeft + size;
      const y = floor - size;
      s.stroke([
        ...top,
        [x + size * flat * d.uniform(1.1, 1.7), y - size * d.uniform(0.1, 0.5)],
        [x + size * flat * 0.55, y + size * 0.75],
        [x - size * flat * 0.5, y + size * 0.8],
        [x - size * flat, y - size * 0.1],
        [x - size * flat * 0.3, y - size * 0.9],
        [x + size * flat * 0.9, y - size * d.uniform(0.3, 0.6)],
        [x + size * flat + (tail - x) * d.uniform(0.3, 0.5), y + size * d.uniform(-0.3, 0.8)],
        [tail, y + size * d.uniform(-0.7, 1.2) + d.normal(0.02, 0.04)],
      ]);
      break;
    }
    default:
      s.stroke([
        ...top,
        neck,
        [bottomLeft, floor, 1],
        [width * 0.22, floor - d.uniform(0.02, 0.12)],
        [width * 0.6, floor + d.uniform(0, 0.07)],
        [tail, floor - d.uniform(0, 0.16)],
      ]);
  }
}

function three(s: Sketch): void {
  const d = s.draws;
  const upper = d.uniform(0.32, 0.7);
  const lower = d.uniform(0.36, 0.8);
  const waist = d.uniform(0.3, 0.54);
  const pinch = upper * d.uniform(0, 0.75);
  const end: Point[] = [
    [lower * d.uniform(0.78, 0.95), waist + (1 - waist) * 0.17],
    [lower, waist + (1 - waist) * d.uniform(0.42, 0.6)],
    [lower * d.uniform(0.7, 0.85), waist + (1 - waist) * 0.86],
    [lower * d.uniform(0.3, 0.5), d.uniform(0.96, 1.04)],
    [d.uniform(-0.3, 0.12), d.uniform(0.78, 1)],
  ];
  // A hook or a small curl at the end.
  const curl = d.choose([78, 14, 8]);
  if (curl > 0) end.push([d.uniform(-0.16, 0), d.uniform(0.68, 0.82)]);
  if (curl === 2) end.push([d.uniform(0.02, 0.14), d.uniform(0.7, 0.86)]);
  switch (d.choose([62, 16, 22])) {
    case 0: {
      const begin: Point[] = [
        [d.uniform(-0.08, 0.12), d.uniform(0.05, 0.28)],
        [upper * d.uniform(0.35, 0.5), d.uniform(-0.01, 0.04)],
        [upper * 0.88, d.uniform(0.05, 0.1)],
        [upper, waist * d.uniform(0.4, 0.6)],
        [upper * 0.75, waist * 0.88],
      ];
      s.stroke([...begin, d.chance(0.6) ? [pinch, waist, 1] : [pinch, waist], ...end]);
      break;
    }
    case 1: {
      // A small loop at the waist.
      const loop = d.uniform(0.03, 0.08);
      s.stroke([
        [d.uniform(-0.02, 0.12), d.uniform(0.06, 0.2)],
        [upper * 0.45, 0],
        [upper * 0.9, 0.06],
        [upper, waist * 0.45],
        [upper * 0.7, waist * 0.9],
        [pinch, waist + loop],
        [pinch - loop, waist],
        [pinch + loop * 0.6, waist - loop * 0.6],
        ...end,
      ]);
      break;
    }
    default: {
      // A flat top and a straight way down to the waist.
      const roof = d.normal(0, 0.03);
      s.stroke([
        [d.uniform(-0.02, 0.08), roof],
        [upper * d.uniform(0.85, 1.05), roof * -1, 1],
        [pinch + d.uniform(-0.05, 0.06), waist - 0.02, 1],
        ...end,
      ]);
    }
  }
}

function four(s: Sketch): void {
  const d = s.draws;
  const bar = d.uniform(0.48, 0.72);
  const stemX = d.uniform(0.42, 0.66);
  const lean = d.normal(0, 0.04);
  const reach = stemX + d.uniform(0.02, 0.34);
  const barTilt = d.normal(-0.02, 0.045);
  const stem = (from: number): Point[] => [
    [stemX + lean, from],
    [stemX + lean * 0.4, (from + 1) / 2],
    [stemX - lean * 0.5, 1],
  ];
  switch (d.choose([48, 9, 23, 20])) {
    case 0: {
      // Open: down, across, and the stem on its own.
      const left = d.uniform(-0.06, 0.14);
      s.stroke([
        [left + d.normal(0.06, 0.06), d.uniform(0, 0.14)],
        [left, bar * d.uniform(0.55, 0.75)],
        [left + d.uniform(-0.02, 0.04), bar, 1],
        [stemX * 0.6, bar + barTilt * 0.5],
        [reach, bar + barTilt],
      ]);
      s.stroke(stem(d.uniform(0, 0.3)));
      break;
    }
    case 1: {
      // Closed: a slope from the top, across, and the stem from the top.
      s.stroke([
        [stemX + lean, 0],
        [stemX * 0.5, bar * 0.52],
        [d.normal(0, 0.05), bar, 1],
        [reach, bar + barTilt],
      ]);
      s.stroke(stem(d.uniform(-0.02, 0.12)));
      break;
    }
    case 2: {
      // A bowl on the left that runs into the stem.
      const left = d.uniform(-0.04, 0.1);
      s.stroke([
        [left + d.normal(0.04, 0.06), d.uniform(0, 0.12)],
        [left, bar * 0.6],
        [left + stemX * 0.25, bar * d.uniform(0.95, 1.05)],
        [stemX * 0.75, bar * d.uniform(0.88, 1)],
        [stemX, bar * d.uniform(0.6, 0.8)],
      ]);
      s.stroke(stem(d.uniform(0, 0.25)));
      break;
    }
    default: {
      // In one go: down, across, up to the top of the stem and down.
      const left = d.uniform(-0.04, 0.12);
      s.stroke([
        [left + d.normal(0.05, 0.05), d.uniform(0, 0.14)],
        [left, bar * 0.75],
        [left + 0.04, bar],
        [stemX * 0.7, bar - d.uniform(0.02, 0.08)],
        [stemX + d.uniform(0, 0.06), d.uniform(0.08, 0.3), 1],
        [stemX, 0.6],
        [stemX - lean, 1],
      ]);
    }
  }
}

function five(s: Sketch): void {
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
      // In one go from the end of the roof.
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

function six(s: Sketch): void {
  const d = s.draws;
  const width = d.uniform(0.32, 0.8);
  const loopTop = d.uniform(0.36, 0.7);
  const left = d.normal(0, 0.03);
  // Where the pen starts: over the loop's right side, or over the stem like a b.
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

function seven(s: Sketch): void {
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
    points.unshift([d.normal(-0.01, 0.04), roof + d.uniform(0.08, 0.45)]);
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

function eight(s: Sketch): void {
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
  // How straight the lines cross: where the loops are widest, from the crossing (0) to their far ends (1).
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
  // Some write it the other way round, and of some the lower loop stays open.
  const mirror = d.chance(0.22) ? -1 : 1;
  const mirrored = ([x, y]: Point): Point => [0.5 + mirror * (x - 0.5), y];
  if (d.chance(0.1)) {
    s.stroke([...upperLoop, ...lowerLoop.slice(0, 2)].map(mirrored));
    s.stroke([...lowerLoop.slice(3), ...end].map(mirrored));
  } else s.stroke([...upperLoop, ...lowerLoop, ...end].map(mirrored));
}

function nine(s: Sketch): void {
  const d = s.draws;
  const width = d.uniform(0.32, 0.8);
  const loop = d.uniform(0.32, 0.72);
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
      // Up to the top of the stem and down again.
      s.stroke([...bowl, [stemX, top, 1], ...foot]);
      break;
    case 1:
      // Round and round: the loop's right side is the stem.
      s.stroke([
        ...arc(right - width / 2, loop / 2, width / 2, loop / 2, d.uniform(0.85, 1.05), -d.uniform(0.9, 1.1)),
        [stemX - 0.01, loop],
        ...foot,
      ]);
      break;
    case 2:
      // Begun at or beyond the stem; the loop hardly rises before the stem goes down.
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

/** By digit. Each adds its strokes to the sketch. */
export const glyphs: readonly ((sketch: Sketch) => void)[] = [zero, one, two, three, four, five, six, seven, eight, nine];
