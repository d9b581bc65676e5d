import { UserError } from "../../../util/errors.js";
import type { Offset } from "../../schema/fields.js";
import { Allocator } from "./allocator.js";

const pageBytes = 65536;
const mostPages = 65536;

/** The memory that all threads of a session share. It can grow at its end: after a call that may grow it, read the views from their properties anew. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  floats!: Float32Array;
  words!: Int32Array;
  bytes!: Uint8Array;

  /**
   * @param start its first byte in the memory: static data and stacks of WebAssembly lie before it
   * @param allocator of offsets in the arena: the memory that it has handed out exists from now on
   * @param help ends the sentence for the user where the memory is too small
   */
  constructor(
    private readonly start: number,
    private readonly allocator: Allocator,
    private readonly help: string,
  ) {
    this.memory = new WebAssembly.Memory({ initial: this.pagesFor(allocator.end), maximum: mostPages, shared: true });
    this.refresh();
  }

  /** @returns the offset of n floats behind everything else @throws UserError where no memory can be so large */
  take(floats: number): Offset {
    const offset = this.allocator.take(floats);
    const missing = this.pagesFor(this.allocator.end) - this.memory.buffer.byteLength / pageBytes;
    if (missing > 0) {
      this.memory.grow(missing);
      this.refresh();
    }
    return offset;
  }

  doubles(offset: Offset, count: number): Float64Array {
    return new Float64Array(this.memory.buffer, this.start + 4 * offset, count);
  }

  private pagesFor(floats: number): number {
    const pages = Math.ceil((this.start + 4 * floats) / pageBytes);
    if (pages > mostPages) {
      const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
      throw new UserError(`This model needs ${gib(pages * pageBytes)} GiB ${this.help}`);
    }
    return pages;
  }

  private refresh(): void {
    const { buffer } = this.memory;
    this.floats = new Float32Array(buffer, this.start);
    this.words = new Int32Array(buffer, this.start);
    this.bytes = new Uint8Array(buffer, this.start);
  }
}

/** A part of the arena for the data of one call, made larger when a call needs more. */
export class CallMemory {
  private offset: Offset | undefined;
  private floats = 0;

  constructor(private readonly arena: Arena) {}

  /** @param floats sum of the sizes, each padded to whole blocks @returns an allocator of that many floats; the memory's former content is lost */
  begin(floats: number): Allocator {
    if (this.offset === undefined || floats > this.floats) {
      this.offset = this.arena.take(floats);
      this.floats = floats;
    }
    return new Allocator(this.offset);
  }
}
