/**
 * Curves in a grid of cells. With braille a cell has 2 × 4 dots; without, one mark a cell that says which curve it is. A cell has one
 * colour, so it belongs to the curve with the most dots in it.
 */
interface Raster {
  /** Dots across and down. */
  readonly width: number;
  readonly height: number;
  /**
   * A curve through [x, y] pairs in dots, y downwards, both may lie outside. A dashed one takes the cells that it crosses for itself:
   * it is drawn over the solid ones and must not drown in them.
   */
  line(points: ArrayLike<number>, owner: number, style: "solid" | "dashed"): void;
  /** @returns "" where the cell is empty */
  character(column: number, row: number): string;
  /** The curve that the cell belongs to, or -1. */
  owner(column: number, row: number): number;
}

export function createRaster(columns: number, rows: number, kind: "braille" | "marks"): Raster {
  const [across, down] = kind === "braille" ? [2, 4] : [1, 1];
  const size = Math.max(0, columns * rows);
  const masks = new Uint8Array(size);
  const owners = new Int8Array(size).fill(-1);
  const strength = new Uint8Array(size);
  const mine = new Uint8Array(size);
  const width = columns * across;
  const height = rows * down;

  function dot(x: number, y: number, owner: number, over: "over" | "with"): void {
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const cell = Math.floor(y / down) * columns + Math.floor(x / across);
    const bit = kind === "braille" ? brailleBits[y & 3][x & 1] : 1;
    if (over === "over" && owners[cell] !== owner) {
      masks[cell] = 0;
      strength[cell] = 0;
    }
    masks[cell] |= bit;
    mine[cell]++;
    if (owners[cell] === owner || mine[cell] >= strength[cell]) {
      owners[cell] = owner;
      strength[cell] = mine[cell];
    }
  }

  function segment(x1: number, y1: number, x2: number, y2: number, owner: number, dash: number): void {
    if (!(Number.isFinite(x1) && Number.isFinite(y1) && Number.isFinite(x2) && Number.isFinite(y2))) return;
    const clipped = clip(near(x1), near(y1), near(x2), near(y2), width - 1, height - 1);
    if (clipped === undefined) return;
    const [ax, ay, bx, by] = clipped;
    // Rounded up: two dots of a line are never more than one apart.
    const dots = Math.ceil(Math.max(Math.abs(bx - ax), Math.abs(by - ay)));
    for (let index = 0; index <= dots; index++) {
      const along = dots === 0 ? 0 : index / dots;
      const x = Math.round(ax + (bx - ax) * along);
      const y = Math.round(ay + (by - ay) * along);
      if (dash > 0 && (x + y) % dash >= dash / 2) continue;
      dot(x, y, owner, dash > 0 ? "over" : "with");
    }
  }

  return {
    width,
    height,
    line(points, owner, style) {
      mine.fill(0);
      const dash = style === "dashed" ? (kind === "braille" ? 6 : 4) : 0;
      if (points.length === 2) segment(points[0], points[1], points[0], points[1], owner, 0);
      for (let at = 2; at + 1 < points.length; at += 2) segment(points[at - 2], points[at - 1], points[at], points[at + 1], owner, dash);
    },
    character(column, row) {
      const mask = masks[row * columns + column];
      return mask === 0 ? "" : kind === "braille" ? String.fromCharCode(0x2800 + mask) : "*";
    },
    owner: (column, row) => owners[row * columns + column],
  };
}

const brailleBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** Coordinates beyond this are as good as there: it is far outside any screen, and differences stay exact. */
function near(coordinate: number): number {
  return Math.max(-1e6, Math.min(1e6, coordinate));
}

/** Liang–Barsky: the part of a segment inside [0, right] × [0, bottom], or undefined. Bounds the work of any coordinates. */
function clip(x1: number, y1: number, x2: number, y2: number, right: number, bottom: number): [number, number, number, number] | undefined {
  if (right < 0 || bottom < 0) return undefined;
  const dx = x2 - x1;
  const dy = y2 - y1;
  let from = 0;
  let to = 1;
  for (const [p, q] of [
    [-dx, x1 + 0.499],
    [dx, right + 0.499 - x1],
    [-dy, y1 + 0.499],
    [dy, bottom + 0.499 - y1],
  ]) {
    if (p === 0) {
      if (q < 0) return undefined;
      continue;
    }
    const ratio = q / p;
    if (p < 0) from = Math.max(from, ratio);
    else to = Math.min(to, ratio);
    if (from > to) return undefined;
  }
  return [x1 + from * dx, y1 + from * dy, x1 + to * dx, y1 + to * dy];
}
