import { imageSide } from "../util/image-size.js";

/** Of an activation; a flattened or dense one of n values is [n, 1, 1]. How an engine lays it out in memory is its own affair. */
export type Shape = readonly [channels: number, height: number, width: number];

/** One grey image. */
export const inputShape: Shape = [1, imageSide, imageSide];

/** @returns "16×28×28", or "128" for a flat activation */
export function formatShape([channels, height, width]: Shape): string {
  return height === 1 && width === 1 ? String(channels) : `${channels}×${height}×${width}`;
}

/** @returns values in one activation */
export function shapeSize([channels, height, width]: Shape): number {
  return channels * height * width;
}
