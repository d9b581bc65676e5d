/** The tiles of native/cuda/convolution.cuh: rows × columns of the product that one block makes. */
export const tiles = {
  "128x64": { rows: 128, columns: 64, threads: 128, resident: 3, efficiency: 1 },
  "64x64": { rows: 64, columns: 64, threads: 128, resident: 4, efficiency: 0.8 },
  "128x32": { rows: 128, columns: 32, threads: 128, resident: 4, efficiency: 0.8 },
  "128x16": { rows: 128, columns: 16, threads: 128, resident: 5, efficiency: 0.6 },
  "32x32": { rows: 32, columns: 32, threads: 128, resident: 8, efficiency: 0.5 },
  "16x16": { rows: 16, columns: 16, threads: 128, resident: 8, efficiency: 0.35 },
} as const;

export type TileName = keyof typeof tiles;
export const tileNames = Object.keys(tiles) as TileName[];

/** A product of matrices [rows, depth] · [depth, columns], `copies` times beside each other. */
export interface Product {
  rows: number;
  columns: number;
  depth: number;
  copies?: number;
  /** Into how many parts its depth may be cut at the most; 1 by default. */
  mostParts?: number;
  /** Whether adding up parts takes a launch of its own. */
  combined?: boolean;
}

interface Tiling {
  tile: TileName;
  /** Parts of the depth, each a product of its own; the result is their sum. */
  parts: number;
  /** Depth of each but the last. */
  length: number;
}

/** Depth is cut at multiples of this, the depth that a thread block loads at a time. */
const depthStep = 32;
/** Less than this is not worth a part of its own. */
const leastLength = 64;
/** Cost of adding up one element of a part, in multiply-adds: four bytes are written, read and added. */
const partCost = 60;
/** Cost of a launch, 2 µs, in multiply-adds. */
const launchCost = 500_000;
/** Cost of a block beside its multiply-adds, its first loads and last stores, in steps of the depth. */
const startLength = 24;

/**
 * Chooses tile and parts for one launch by a small model of the GPU: multiprocessors work through blocks in waves, a multiprocessor
 * with a single block waits for memory most of the time, and small tiles load more numbers for each multiply-add. Its constants are estimates.
 * @param multiprocessors of the GPU
 */
export function chooseTiling(product: Product, multiprocessors: number): Tiling {
  let best: Tiling | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const tile of tileNames) {
    for (const parts of partCounts(product)) {
      const length = parts === 1 ? product.depth : Math.ceil(product.depth / parts / depthStep) * depthStep;
      const tiling = { tile, length, parts: Math.max(1, Math.ceil(product.depth / length)) };
      const cost = estimate(product, tiling, multiprocessors);
      if (cost < least) [best, least] = [tiling, cost];
    }
  }
  return best!;
}

/** @returns numbers of parts to try: growing by a half, up to the largest that is allowed and worth it */
function partCounts({ depth, mostParts = 1 }: Product): number[] {
  const most = Math.max(1, Math.min(mostParts, Math.floor(depth / leastLength)));
  const counts = [];
  for (let parts = 1; parts < most; parts = Math.ceil(parts * 1.5)) counts.push(parts);
  return [...counts, most];
}

/** @returns time in multiply-adds of one multiprocessor at its best */
function estimate({ rows, columns, copies = 1, combined }: Product, { tile, parts, length }: Tiling, multiprocessors: number): number {
  const { rows: tall, columns: wide, resident, efficiency } = tiles[tile];
  const blocks = Math.ceil(rows / tall) * Math.ceil(columns / wide) * parts * copies;
  const each = Math.ceil(blocks / multiprocessors);
  const beside = Math.min(each, resident);
  // Two blocks hide most of each other's waiting, three nearly all.
  const busy = beside / (beside + 0.7);
  const block = (tall * wide * (length + startLength)) / efficiency;
  const sum = parts === 1 ? 0 : (rows * columns * copies * parts * partCost) / multiprocessors;
  return (each * block) / busy + sum + (combined && parts > 1 ? launchCost : 0);
}
