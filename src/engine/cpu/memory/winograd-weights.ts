import { padded } from "./feature-map.js";
import type { Tile } from "./tiles.js";

/** Outputs of a window along one side, of those that native/winograd.h has. */
export const winogradSides = [3, 4, 5, 7] as const;
export type TileSide = (typeof winogradSides)[number];
/** Of a 3×3 convolution. */
export const taps = 9;

/** Positions of a transformed window, for each of which there is a matrix product. */
export function positionsOf(side: TileSide): number {
  return (side + 2) ** 2;
}

/**
 * The offset of tile t of a convolution's transformed weights, or of their sums. Between two positions there may be up to two cache lines more
 * than the weights take.
 * @param weights the tile's offset among the weights that are not transformed; their whole size gives the size of all transformed ones
 */
export function transformedOffset(side: TileSide, weights: number, t: number): number {
  return positionsOf(side) * (Math.ceil(weights / taps) + t * 2 * padded(1));
}

/** @returns floats that a convolution's weights take when they are transformed */
export function transformedSize(side: TileSide, size: number, tiles: readonly Tile[]): number {
  return transformedOffset(side, size, tiles.length);
}
