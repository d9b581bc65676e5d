import type { DevicePointer } from "./device.js";

/** A piece of device memory, known by name and shape before there is a device to hold it. */
export interface DeviceBuffer {
  name: string;
  type: "f32" | "u32" | "bytes";
  shape: readonly number[];
  /** Once allocated. */
  at?: DevicePointer;
}

/** The part of a buffer that a launch touches: `length` elements from `first` on. */
export interface View {
  buffer: DeviceBuffer;
  first: number;
  length: number;
}

const elementBytes = { f32: 4, u32: 4, bytes: 1 } as const;

export function bufferLength({ shape }: DeviceBuffer): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** At least one byte: the driver allocates no empty piece. */
export function bufferBytes(buffer: DeviceBuffer): number {
  return Math.max(1, bufferLength(buffer) * elementBytes[buffer.type]);
}

export function view(buffer: DeviceBuffer, first = 0, length = bufferLength(buffer) - first): View {
  return { buffer, first, length };
}

/** @throws Error where the buffer has no memory yet */
export function addressOf({ buffer, first }: View): DevicePointer {
  if (buffer.at === undefined) throw new Error(`${buffer.name} has no device memory yet.`);
  return buffer.at + BigInt(first * elementBytes[buffer.type]);
}

/** The buffers of a session, in the order in which they were added. */
export class BufferList {
  readonly all: DeviceBuffer[] = [];

  add(name: string, type: DeviceBuffer["type"], ...shape: number[]): DeviceBuffer {
    const buffer: DeviceBuffer = { name, type, shape };
    this.all.push(buffer);
    return buffer;
  }

  /** One piece of memory that several kernels use one after the other, as large as the largest needs. */
  shared(name: string): { buffer: DeviceBuffer; need(floats: number): DeviceBuffer } {
    const buffer = this.add(name, "f32", 0);
    return {
      buffer,
      need: (floats) => {
        buffer.shape = [Math.max(bufferLength(buffer), floats)];
        return buffer;
      },
    };
  }

  bytes(): number {
    return this.all.reduce((sum, buffer) => sum + bufferBytes(buffer), 0);
  }
}
