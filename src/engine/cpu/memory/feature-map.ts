import type { Shape } from "../../../model/shape.js";
import type { Offset, ThreadOffset } from "../../schema/fields.js";
import type { StructFields } from "../program/encode.js";
import { constants } from "../program/schema.js";

const { blockChannels } = constants;

/** @returns n rounded up to whole blocks, in channels or floats alike */
export function padded(n: number): number {
  return Math.ceil(n / blockChannels) * blockChannels;
}

type View = StructFields<"View">;
export type Scope = View["scope"];

/** Where a feature map lies; the plan gives it. */
interface Placement {
  scope: Scope;
  /** Of the first image's place, in the scope's memory. */
  offset: Offset | ThreadOffset;
  /** Floats from one image's place to the next, where that is larger than an image. */
  imageStride?: number;
}

/**
 * An activation or a gradient, laid out as [block][row + border][column + border][16] for every image. The input image of a
 * convolution has blocks of one channel instead.
 */
export interface FeatureMap {
  name: string;
  shape: Shape;
  /** Pixels of zeros on every side; grows while ops that need one are added. */
  border: number;
  blockSize: 1 | 16;
  /** A dense layer reads or writes it as one vector: no border. */
  flat?: true;
  placement?: Placement;
}

export function featureMap(name: string, shape: Shape, blockSize: 1 | 16 = 16): FeatureMap {
  return { name, shape, border: 0, blockSize };
}

export function blocksOf(map: FeatureMap): number {
  return Math.ceil(map.shape[0] / map.blockSize);
}

/** Floats from one pixel to the next, one row to the next, one block to the next, one image to the next. */
export function strides(map: FeatureMap): { pixel: number; row: number; block: number; image: number } {
  const [, height, width] = map.shape;
  const pixel = map.blockSize;
  const row = (width + 2 * map.border) * pixel;
  const block = (height + 2 * map.border) * row;
  return { pixel, row, block, image: padded(blocksOf(map) * block) };
}

/** @returns where it lies, as an op has it */
export function view(map: FeatureMap): View {
  const { placement } = map;
  if (!placement) throw new Error(`${map.name} was not placed`);
  const { image, block, row, pixel } = strides(map);
  return {
    scope: placement.scope,
    offset: placement.offset + map.border * (row + pixel),
    image: placement.imageStride ?? image,
    block,
    row,
    pixel,
  };
}

/** Every second pixel from (row, column): where a strided convolution's input gradient writes one of its four parts. */
export function everySecond(v: View, { row, column }: { row: number; column: number }): View {
  return { ...v, offset: v.offset + row * v.row + column * v.pixel, row: 2 * v.row, pixel: 2 * v.pixel };
}

/**
 * Where element i of PyTorch's flattening (channel, row, column) lies in our flattening of a feature map without border.
 * @returns [channels × height × width]
 */
export function flattenOrder(map: FeatureMap): Int32Array {
  const [channels, height, width] = map.shape;
  const order = new Int32Array(channels * height * width);
  const s = strides(map);
  let i = 0;
  for (let c = 0; c < channels; c++) {
    const base = Math.floor(c / map.blockSize) * s.block + (c % map.blockSize);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) order[i++] = base + y * s.row + x * s.pixel;
    }
  }
  return order;
}
