import { type Offset, offsetBy, type ThreadOffset } from "../../schema/fields.js";
import { padded } from "./feature-map.js";

/** Hands out a memory in floats, sixteen at a time so that every array begins on a cache line. */
export class Allocator<O extends Offset | ThreadOffset = Offset> {
  private next: O;

  constructor(from = 0 as O) {
    this.next = padded(from) as O;
  }

  /** @returns the offset of n floats */
  take(n: number): O {
    const offset = this.next;
    this.next = offsetBy(offset, padded(n));
    return offset;
  }

  get end(): O {
    return this.next;
  }
}

/**
 * A region that exists once for every lane: offsets are handed out while the program is built, and become absolute when the
 * region's start is known.
 */
export class LaneRegion {
  private readonly inside = new Allocator();
  private start?: Offset;

  /** @returns a function that gives the absolute offset in lane 0, once the region is placed */
  take(n: number): () => Offset {
    const offset = this.inside.take(n);
    return () => {
      if (this.start === undefined) throw new Error("The lanes were not placed");
      return offsetBy(this.start, offset);
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
