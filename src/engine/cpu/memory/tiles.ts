import type { StructFields } from "../program/encode.js";
import { constants } from "../program/schema.js";
import { padded } from "./feature-map.js";

const { blockChannels, mostTileVectors } = constants;

/** Neighbouring output vectors whose weights lie together; one register tile wide. */
export type Tile = StructFields<"Tile">;

/**
 * Vectors of a dense layer's widest tiles. A task of a small batch has eight images (compile.ts): by four vectors of AVX-512 they do not fit the
 * registers and read the weights, which are far larger than the first cache, twice; by three they do. Where there are more images, reading them
 * once more for the weight gradient costs as much.
 */
export function widestDenseTile(batchSize: number, vectorWidth: number): number {
  return vectorWidth === 16 && batchSize >= 8 && batchSize <= 128 ? 3 : mostTileVectors;
}

/**
 * Cuts the outputs of a layer into tiles of at most `most` vectors, as even as possible; where four vectors are a block, into blocks
 * (vectorsTogether in native/outer.h).
 * @param rows input channels times taps: the rows of weights in a tile
 */
export function tilesOf(outputs: number, rows: number, vectorWidth: number, most: number): Tile[] {
  const vectors = Math.ceil(outputs / vectorWidth);
  const count = Math.ceil(vectors / most);
  const tiles: Tile[] = [];
  let first = 0;
  for (let i = 0; i < count; i++) {
    const even = Math.floor(vectors / count) + (i < vectors % count ? 1 : 0);
    const width = vectorWidth * mostTileVectors === blockChannels ? Math.min(mostTileVectors, vectors - first) : even;
    tiles.push({ vectors: width, first, weights: first * vectorWidth * rows });
    first += width;
  }
  return tiles;
}

/** @returns floats that the tiles' weights take, in whole blocks */
export function tilesSize(tiles: readonly Tile[], rows: number, vectorWidth: number): number {
  const last = tiles[tiles.length - 1];
  return padded((last.first + last.vectors) * vectorWidth * rows);
}
