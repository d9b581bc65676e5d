import type { DevicePointer } from "./driver.js";

/** A piece of device memory, known by name and shape before there is a device to hold it. */
export interface Buffer {
  name: string;
  type: "f32" | "u32" | "bytes";
  shape: readonly number[];
  /** Once allocated. */
  at?: DevicePointer;
}

/** What a launch touches of a buffer: `length` elements from `first` on. */
export interface View {
  buffer: Buffer;
  first: number;
  length: number;
}

export const elementBytes = { f32: 4, u32: 4, bytes: 1 } as const;

export function bufferLength({ shape }: Buffer): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** At least one byte: the driver allocates no empty piece. */
export function bufferBytes(buffer: Buffer): number {
  return Math.max(1, bufferLength(buffer) * elementBytes[buffer.type]);
}

export function view(buffer: Buffer, first = 0, length = bufferLength(buffer) - first): View {
  return { buffer, first, length };
}

/** @throws Error where the buffer has no memory yet */
export function addressOf({ buffer, first }: View): DevicePointer {
  if (buffer.at === undefined) throw new Error(`${buffer.name} lies nowhere yet.`);
  return buffer.at + BigInt(first * elementBytes[buffer.type]);
}

/** The buffers of a session, in order of their making. */
export class BufferList {
  readonly all: Buffer[] = [];

  add(name: string, type: Buffer["type"], ...shape: number[]): Buffer {
    const buffer: Buffer = { name, type, shape };
    this.all.push(buffer);
    return buffer;
  }

  /** One piece of memory for users that need it one after the other: as large as the largest. */
  shared(name: string): { buffer: Buffer; need(floats: number): Buffer } {
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
