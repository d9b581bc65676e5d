import type { Shape } from "../../model/shape.js";
import type { BufferList, DeviceBuffer } from "./memory.js";

/** Channels are filled up with zeros to whole quads: four are one aligned load. */
export function quadsOf(channels: number): number {
  return Math.ceil(channels / 4);
}

/**
 * The output of a layer, [images, height, width, memory channels] in one buffer. Flattening changes nothing in memory, so flattened
 * features are another view of the same buffer.
 */
export interface Features {
  name: string;
  /** As the model counts them. */
  channels: number;
  /** As they lie in memory: a multiple of four. */
  memory: number;
  height: number;
  width: number;
  /** Flattened: where feature i, counted in PyTorch's order of channel, row, column, lies among `memory`. */
  order?: Int32Array;
  storage: Storage;
}

/** Shared by all views of the same features. */
interface Storage {
  data: DeviceBuffer;
  gradient?: DeviceBuffer;
  /** A part of the gradient has been written: further parts are added to it. */
  started: boolean;
  /** The output of a relu whose input is not kept: a gradient passes where this is positive. */
  masked: boolean;
  /** The [C, H, W] in whose order dropout counts its random numbers. */
  counted: { channels: number; memory: number; pixels: number };
}

export class FeatureBuffers {
  /** @param images of the largest batch */
  constructor(
    private readonly buffers: BufferList,
    private readonly images: number,
  ) {}

  make(name: string, [channels, height, width]: Shape): Features {
    const memory = 4 * quadsOf(channels);
    const data = this.buffers.add(name, "f32", this.images, height, width, memory);
    const storage: Storage = { data, started: false, masked: false, counted: { channels, memory, pixels: height * width } };
    return { name, channels, memory, height, width, storage };
  }

  /** @returns the buffer for the gradient, and whether to add to its contents */
  gradient({ name, storage }: Features): { buffer: DeviceBuffer; accumulate: boolean } {
    const accumulate = storage.started;
    storage.started = true;
    storage.gradient ??= this.buffers.add(`gradient of ${name}`, "f32", ...storage.data.shape);
    return { buffer: storage.gradient, accumulate };
  }
}

/** Floats of one image. */
export function imageFloats({ memory, height, width }: Features): number {
  return memory * height * width;
}

/** @returns the same memory, seen as one vector an image */
export function flattened(features: Features): Features {
  const { channels, memory, height, width } = features;
  if (height * width === 1) return features;
  const pixels = height * width;
  const order = Int32Array.from({ length: channels * pixels }, (_, i) => (i % pixels) * memory + Math.floor(i / pixels));
  return { ...features, channels: channels * pixels, memory: memory * pixels, height: 1, width: 1, order };
}
