import { arc, type Point, type Sketch } from "./sketch.js";

/**
 * How people write the ten digits: for each a few ways, each with its own free parameters. The proportions follow common handwriting
 * models; nothing here was traced from a dataset.
 */

function zero(s: Sketch): void {
  const d = s.draws;
  const rx = d.uniform(0.2, 0.52);
  const start = d.normal(0.78, 0.09);
  const direction = d.chance(0.85) ? -1 : 1;
  const sweep = d.choose([7, 2, 1]);
  const turn = sweep === 0 ? d.uniform(0.97, 1.06) : sweep === 1 ? d.uniform(1.05, 1.25) : d.uniform(0.86, 0.97);
  const egg = d.normal(0, 0.12);
  const points = arc(0.5, 0.5, rx, 0.5, start, direction * turn, d.normal(1, 0.07));
  s.stroke(points.map(([x, y]): Point => [0.5 + (x - 0.5) * (1 + egg * (y - 0.5)), y]));
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
  const width = d.uniform(0.5, 0.8);
  const right = width;
  const hookY = d.uniform(0.1, 0.34);
  const shoulder = d.uniform(0.2, 0.33);
  const bottomLeft = d.normal(0, 0.06);
  const floor = d.uniform(0.86, 1);
  const tail = right + d.uniform(-0.1, 0.28);
  const top: Point[] = [
    [d.uniform(-0.02, 0.16), hookY],
    [width * d.uniform(0.25, 0.4), d.uniform(0, 0.08)],
    [width * 0.72, d.uniform(0, 0.06)],
    [right, shoulder],
    [width * d.uniform(0.7, 0.86), d.uniform(0.45, 0.58)],
    [width * d.uniform(0.36, 0.5), d.uniform(0.68, 0.8)],
  ];
  // Some begin in the middle of the arc, without a hook.
  if (d.chance(0.15)) top.shift();
  switch (d.choose([45, 35, 20])) {
    case 0:
      s.stroke([...top, [bottomLeft, floor, 1], [width * 0.55, floor + d.normal(0, 0.035)], [tail, floor + d.normal(0, 0.06)]]);
      break;
    case 1: {
      const size = d.uniform(0.06, 0.17);
      const lift = floor - size * d.uniform(0.3, 0.8);
      s.stroke([
        ...top,
        [bottomLeft + size * 0.9, floor - 0.02],
        [bottomLeft, floor + 0.01],
        [bottomLeft - size * 0.4, lift - size * 0.4],
        [bottomLeft + size * 0.6, lift - size * 0.9],
        [width * 0.45, floor - size * 0.5],
        [width * 0.75, floor + d.uniform(0, 0.08)],
        [tail, floor - d.uniform(-0.04, 0.12)],
      ]);
      break;
    }
    default:
      s.stroke([
        ...top,
        [bottomLeft, floor, 1],
        [width * 0.22, floor - d.uniform(0.02, 0.1)],
        [width * 0.6, floor + d.uniform(0, 0.07)],
        [tail, floor - d.uniform(0, 0.14)],
      ]);
  }
}

function three(s: Sketch): void {
  const d = s.draws;
  const upper = d.uniform(0.42, 0.66);
  const lower = d.uniform(0.48, 0.74);
  const waist = d.uniform(0.38, 0.54);
  const pinch = d.uniform(0.12, 0.42);
  const end: Point[] = [
    [lower * d.uniform(0.78, 0.95), waist + (1 - waist) * 0.17],
    [lower, waist + (1 - waist) * d.uniform(0.42, 0.6)],
    [lower * d.uniform(0.7, 0.85), waist + (1 - waist) * 0.86],
    [lower * d.uniform(0.35, 0.5), 1],
    [d.uniform(-0.1, 0.1), d.uniform(0.8, 0.97)],
  ];
  if (d.chance(0.2)) end.push([d.uniform(-0.12, 0), d.uniform(0.7, 0.82)]);
  switch (d.choose([66, 18, 16])) {
    case 0: {
      const begin: Point[] = [
        [d.uniform(-0.04, 0.12), d.uniform(0.06, 0.24)],
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
  switch (d.choose([46, 16, 20, 18])) {
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
  const left = d.uniform(0.04, 0.18);
  const shoulder = d.uniform(0.34, 0.52);
  const belly = d.uniform(0.45, 0.72);
  const roof = d.uniform(0, 0.08);
  const barEnd = left + d.uniform(0.28, 0.68);
  const barTilt = d.normal(-0.05, 0.06);
  const bowl: Point[] = [
    [left + (belly - left) * 0.5, shoulder - d.uniform(0, 0.08)],
    [belly * 0.93, shoulder + (1 - shoulder) * 0.17],
    [belly, shoulder + (1 - shoulder) * d.uniform(0.4, 0.55)],
    [belly * 0.85, shoulder + (1 - shoulder) * 0.82],
    [belly * d.uniform(0.4, 0.6), 1],
    [d.uniform(-0.12, 0.08), d.uniform(0.82, 0.98)],
  ];
  if (d.chance(0.15)) bowl.push([d.uniform(-0.14, -0.02), d.uniform(0.7, 0.82)]);
  const neck = left + d.normal(-0.02, 0.05);
  switch (d.choose([40, 42, 18])) {
    case 0:
      // Neck and bowl, then the roof on its own.
      s.stroke([[left + d.normal(0, 0.03), roof], [neck, shoulder, 1], ...bowl]);
      s.stroke([
        [left + d.normal(0.01, 0.05), roof + d.normal(0, 0.025)],
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
  const width = d.uniform(0.42, 0.68);
  const loopTop = d.uniform(0.4, 0.66);
  const topX = d.uniform(0.2, 0.68);
  const left = d.normal(0, 0.03);
  const middle = (loopTop + 1) / 2;
  const closing = d.choose([6, 2, 2]);
  const points: Point[] = [
    [topX, d.uniform(0, 0.04)],
    [topX * d.uniform(0.4, 0.6) + left, d.uniform(0.17, 0.3)],
    [left + d.uniform(0, 0.05), d.uniform(0.48, 0.6)],
    [left + width * 0.07, 0.82],
    [left + width * 0.48, 1],
    [left + width * 0.9, (1 + middle) / 2 + 0.03],
    [left + width, middle - 0.02],
    [left + width * 0.75, loopTop + 0.02],
    [left + width * 0.45, loopTop + d.uniform(-0.01, 0.04)],
  ];
  // The loop ends on the stem, beyond it, or before it.
  if (closing !== 2) points.push([left + width * d.uniform(0.08, 0.2), loopTop + d.uniform(0.1, 0.2)]);
  if (closing === 1) points.push([left + width * d.uniform(-0.05, 0.1), loopTop + d.uniform(0.22, 0.34)]);
  // A hook at the top.
  if (d.chance(0.12)) points.unshift([topX + d.uniform(0.02, 0.12), d.uniform(0.04, 0.14)]);
  s.stroke(points);
}

function seven(s: Sketch): void {
  const d = s.draws;
  const width = d.uniform(0.45, 0.78);
  const foot = d.uniform(0.08, 0.5) * width;
  const roof = d.normal(0.02, 0.03);
  const corner = d.normal(0.02, 0.04);
  const bulge = d.normal(0, 0.06);
  const points: Point[] = [
    [d.normal(0, 0.04), roof + d.normal(0.02, 0.04)],
    [width * 0.5, roof + d.normal(0, 0.03)],
  ];
  const round = d.chance(0.35);
  if (round) points.push([width * 0.9, corner], [width, corner + 0.12]);
  else points.push([width, corner, 1]);
  points.push([(width + foot) / 2 + bulge + 0.02, 0.5], [foot + bulge * 0.3, 0.78], [foot, 1]);
  // A tick or a hanging serif before the roof.
  const serif = d.choose([66, 22, 12]);
  if (serif === 1) points.unshift([d.normal(-0.01, 0.03), roof + d.uniform(0.1, 0.26)]);
  if (serif === 2) points.unshift([d.normal(-0.02, 0.03), roof + d.uniform(-0.12, -0.04)]);
  s.stroke(points);
  if (d.chance(0.13)) {
    const y = d.uniform(0.42, 0.58);
    const x = foot + (width - foot) * (1 - y) + bulge;
    const tilt = d.normal(0, 0.05);
    s.stroke([
      [x - d.uniform(0.12, 0.3), y + tilt],
      [x + d.uniform(0.1, 0.28), y - tilt],
    ]);
  }
}

function eight(s: Sketch): void {
  const d = s.draws;
  const waist = d.uniform(0.4, 0.56);
  const upper = d.uniform(0.15, 0.3);
  const lower = d.uniform(0.18, 0.36);
  const lean = d.normal(0.03, 0.05);
  const top = 0.5 + lean;
  const low = 0.5 - lean;
  const cross = 0.5 + d.normal(0, 0.03);
  const startX = top + upper * d.uniform(0.4, 1);
  const startY = d.uniform(0.05, 0.2);
  if (d.chance(0.82)) {
    const gap = d.choose([6, 2, 2]);
    const points: Point[] = [
      [startX, startY],
      [top, d.uniform(-0.01, 0.03)],
      [top - upper * 0.85, waist * 0.25],
      [top - upper * 0.85, waist * 0.6],
      [cross, waist],
      [low + lower * 0.85, waist + (1 - waist) * 0.32],
      [low + lower * 0.9, waist + (1 - waist) * 0.7],
      [low, 1],
      [low - lower * 0.9, waist + (1 - waist) * 0.72],
      [low - lower * 0.75, waist + (1 - waist) * 0.34],
      [cross + d.normal(0, 0.02), waist + d.normal(0, 0.02)],
      [top + upper * 0.8, waist * 0.62],
    ];
    // The end meets the start, passes it, or stops short of it.
    if (gap === 0) points.push([startX + d.normal(0.02, 0.02), startY + 0.02]);
    if (gap === 1) points.push([startX + 0.03, startY], [startX - 0.06, d.uniform(-0.06, 0.02)]);
    s.stroke(points);
  } else {
    // Two circles.
    s.stroke(arc(top, waist / 2, upper, waist / 2, d.uniform(0.6, 0.9), -d.uniform(0.95, 1.08)));
    s.stroke(arc(low, (1 + waist) / 2, lower, (1 - waist) / 2, d.uniform(0.6, 0.9), -d.uniform(0.95, 1.08)));
  }
}

function nine(s: Sketch): void {
  const d = s.draws;
  const width = d.uniform(0.36, 0.62);
  const loop = d.uniform(0.36, 0.6);
  const right = 0.1 + width;
  const stemX = right + d.normal(0, 0.03);
  const startX = right - width * d.uniform(0, 0.35);
  const startY = d.uniform(0.03, 0.14);
  const bowl: Point[] = [
    [startX, startY],
    [right - width * 0.55, d.uniform(-0.01, 0.04)],
    [right - width * 0.95, loop * 0.4],
    [right - width * 0.85, loop * 0.82],
    [right - width * 0.45, loop],
    [right - width * 0.12, loop * d.uniform(0.7, 0.85)],
  ];
  switch (d.choose([42, 30, 18, 10])) {
    case 0: {
      // A straight stem, retraced from the top of the loop.
      const foot = stemX - d.uniform(-0.04, 0.22);
      s.stroke([...bowl, [stemX, d.uniform(0.04, 0.2), 1], [(stemX + foot) / 2 + 0.03, 0.55], [foot, 1]]);
      break;
    }
    case 1: {
      // The stem bends to the left below.
      const foot = right - width * d.uniform(0.3, 1);
      s.stroke([
        ...bowl,
        [stemX, d.uniform(0.06, 0.2), 1],
        [stemX + d.normal(0, 0.02), 0.5],
        [stemX - width * 0.12, 0.8],
        [(stemX + foot) / 2, 0.97],
        [foot, d.uniform(0.88, 1)],
      ]);
      break;
    }
    case 2: {
      // Round and round: the loop's right side is the stem.
      const foot = stemX - d.uniform(0, 0.3);
      s.stroke([
        ...arc(right - width / 2, loop / 2, width / 2, loop / 2, d.uniform(0.9, 1.05), -d.uniform(0.95, 1.1)),
        [stemX - 0.01, loop],
        [(stemX + foot) / 2, 0.8],
        [foot, 1],
      ]);
      break;
    }
    default: {
      // The loop stays open at the top.
      const foot = stemX - d.uniform(-0.02, 0.12);
      bowl.shift();
      s.stroke([...bowl, [stemX - 0.02, d.uniform(0.1, 0.26)]]);
      s.stroke([
        [stemX, d.uniform(0, 0.12)],
        [stemX - 0.01, 0.5],
        [foot, 1],
      ]);
    }
  }
}

/** By digit. Each adds its strokes to the sketch. */
export const glyphs: readonly ((sketch: Sketch) => void)[] = [zero, one, two, three, four, five, six, seven, eight, nine];
