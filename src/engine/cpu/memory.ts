import { padded } from "./layout.js";

/** Hands out the arena in floats, sixteen at a time so that every array begins on a cache line. */
export class Allocator {
  private next: number;

  constructor(from = 0) {
    this.next = padded(from);
  }

  /** @returns the offset of n floats */
  take(n: number): number {
    const offset = this.next;
    this.next += padded(n);
    return offset;
  }

  get end(): number {
    return this.next;
  }
}

/**
 * A region that exists once for every lane: offsets are handed out while the program is built, and become absolute when the
 * region's start is known.
 */
export class LaneRegion {
  private readonly inside = new Allocator();
  private start?: number;

  /** @returns a function that gives the absolute offset in lane 0, once the region is placed */
  take(n: number): () => number {
    const offset = this.inside.take(n);
    return () => {
      if (this.start === undefined) throw new Error("The lanes were not placed");
      return this.start + offset;
    };
  }

  /** Floats of one lane. */
  get stride(): number {
    return this.inside.end;
  }

  place(allocator: Allocator, lanes: number): void {
    this.start = allocator.take(this.stride * lanes);
  }
}
