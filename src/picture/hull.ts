/** Convex outlines of point sets. */

export interface Point {
  x: number;
  y: number;
}

/** Andrew's monotone chain (1979). @returns corners clockwise as seen on a screen (y downwards) */
export function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((one, other) => one.x - other.x || one.y - other.y);
  const chain = (ordered: readonly Point[]) => {
    const kept: Point[] = [];
    for (const point of ordered) {
      while (kept.length >= 2 && turn(kept[kept.length - 2], kept[kept.length - 1], point) <= 0) kept.pop();
      kept.push(point);
    }
    kept.pop();
    return kept;
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}

/** Drops corners that stand out from the line between their neighbours by less than `tolerance`, the flattest first. */
export function withoutFlatCorners(corners: readonly Point[], tolerance: number): Point[] {
  const kept = [...corners];
  while (kept.length > 3) {
    let flattest = { index: -1, height: tolerance };
    for (let i = 0; i < kept.length; i++) {
      const [before, after] = [kept[(i + kept.length - 1) % kept.length], kept[(i + 1) % kept.length]];
      const height = Math.abs(turn(before, kept[i], after)) / Math.hypot(after.x - before.x, after.y - before.y);
      if (height < flattest.height) flattest = { index: i, height };
    }
    if (flattest.index < 0) break;
    kept.splice(flattest.index, 1);
  }
  return kept;
}

/** Twice the area of the triangle; positive where the way turns clockwise on a screen. */
function turn(a: Point, b: Point, c: Point): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}
