import { arc, type Point, type Sketch } from "./sketch.js";

/** Ways of writing 0 to 4; see glyphs.ts. */

export function zero(s: Sketch): void {
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
  // A short straight line from outside or within at the beginning.
  if (d.chance(0.22)) points.unshift([points[0][0] + d.normal(0.06, 0.16), points[0][1] + d.normal(0.03, 0.14)]);
  s.stroke(points);
}

export function one(s: Sketch): void {
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

export function two(s: Sketch): void {
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
  // A beginning in the middle of the arc, without a hook, or one that curls in.
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

export function three(s: Sketch): void {
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

export function four(s: Sketch): void {
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
      // One stroke: down, across, up to the top of the stem and down.
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
