import type { Shape } from "../../model/shape.js";
import type { Buffer, BufferList } from "./memory.js";

/** Channels are filled up with zeros to whole quads: four are one aligned load. */
export function quadsOf(channels: number): number {
  return Math.ceil(channels / 4);
}

/**
 * An activation, [images, height, width, memory channels] in one buffer. Flattening changes nothing in memory, so a flattened value is
 * another way to look at the same buffer.
 */
export interface Value {
  name: string;
  /** As the model counts them. */
  channels: number;
  /** As they lie in memory: a multiple of four. */
  memory: number;
  height: number;
  width: number;
  /** Of a flattened value: where feature i, counted in PyTorch's order of channel, row, column, lies among `memory`. */
  order?: Int32Array;
  storage: Storage;
}

/** What all views of an activation share. */
export interface Storage {
  data: Buffer;
  gradient?: Buffer;
  /** Its gradient has its first part already: the next one is added. */
  started: boolean;
  /** It came out of a relu whose input is not kept: what flows back passes where it is positive. */
  masked: boolean;
  /** The [C, H, W] in whose order dropout counts its random numbers. */
  counted: { channels: number; memory: number; pixels: number };
}

export class Values {
  /** @param images of the largest batch */
  constructor(
    private readonly buffers: BufferList,
    private readonly images: number,
  ) {}

  make(name: string, [channels, height, width]: Shape): Value {
    const memory = 4 * quadsOf(channels);
    const data = this.buffers.add(name, "f32", this.images, height, width, memory);
    const storage: Storage = { data, started: false, masked: false, counted: { channels, memory, pixels: height * width } };
    return { name, channels, memory, height, width, storage };
  }

  /** @returns the buffer for the gradient, and whether to add to what is in it */
  gradient({ name, storage }: Value): { buffer: Buffer; accumulate: boolean } {
    const accumulate = storage.started;
    storage.started = true;
    storage.gradient ??= this.buffers.add(`gradient of ${name}`, "f32", ...storage.data.shape);
    return { buffer: storage.gradient, accumulate };
  }
}

/** Floats of one image. */
export function imageFloats({ memory, height, width }: Value): number {
  return memory * height * width;
}

/** @returns the same memory as one vector an image */
export function flattened(value: Value): Value {
  const { channels, memory, height, width } = value;
  if (height * width === 1) return value;
  const pixels = height * width;
  const order = Int32Array.from({ length: channels * pixels }, (_, i) => (i % pixels) * memory + Math.floor(i / pixels));
  return { ...value, channels: channels * pixels, memory: memory * pixels, height: 1, width: 1, order };
}
