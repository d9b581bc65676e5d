import { asciiText, cellText } from "../../text.js";

/**
 * A rectangle of terminal cells that widgets paint on: a character and an attribute each. An attribute is blessed's packed
 * number, flags << 18 | foreground << 9 | background, colours 0–255 or `defaultColor`; nothing else here knows blessed.
 */
export const defaultColor = 0x1ff;
export const flag = { bold: 1, underline: 2, inverse: 8 } as const;
export const plain = attribute(defaultColor, defaultColor);

export function attribute(foreground: number, background: number, flags = 0): number {
  return (flags << 18) | (foreground << 9) | background;
}

/** @returns the attribute on another background */
export function withFlag(attr: number, flags: number): number {
  return attr | (flags << 18);
}

interface Cells {
  width: number;
  height: number;
  characters: string[];
  attributes: Int32Array;
}

export class Surface {
  private constructor(
    private readonly cells: Cells,
    private readonly left: number,
    private readonly top: number,
    readonly width: number,
    readonly height: number,
    readonly charset: "unicode" | "ascii",
  ) {}

  static create(width: number, height: number, charset: "unicode" | "ascii"): Surface {
    const size = Math.max(0, width * height);
    const cells = { width, height, characters: new Array<string>(size).fill(" "), attributes: new Int32Array(size).fill(plain) };
    return new Surface(cells, 0, 0, Math.max(0, width), Math.max(0, height), charset);
  }

  /** @returns a part of this surface, clipped to it; painting on the part paints this surface */
  region(x: number, y: number, width: number, height: number): Surface {
    const left = Math.min(Math.max(0, x), this.width);
    const top = Math.min(Math.max(0, y), this.height);
    const right = Math.min(Math.max(left, x + width), this.width);
    const bottom = Math.min(Math.max(top, y + height), this.height);
    return new Surface(this.cells, this.left + left, this.top + top, right - left, bottom - top, this.charset);
  }

  clear(attr = plain): void {
    for (let y = 0; y < this.height; y++) {
      const start = (this.top + y) * this.cells.width + this.left;
      this.cells.characters.fill(" ", start, start + this.width);
      this.cells.attributes.fill(attr, start, start + this.width);
    }
  }

  /** One character; outside the surface nothing happens. It must be one cell wide. */
  put(x: number, y: number, character: string, attr: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = (this.top + y) * this.cells.width + this.left + x;
    this.cells.characters[at] = this.charset === "ascii" && character > "~" ? asciiText(character)[0] : character;
    this.cells.attributes[at] = attr;
  }

  /** Text from (x, y) to the right, cut at the surface's edge; unsafe characters become "?". @returns cells written */
  text(x: number, y: number, text: string, attr: number): number {
    const safe = this.charset === "ascii" ? asciiText(text) : cellText(text);
    for (let index = 0; index < safe.length; index++) this.put(x + index, y, safe[index], attr);
    return safe.length;
  }

  /** Text that ends at the cell before `right`. */
  textRight(right: number, y: number, text: string, attr: number): void {
    const safe = this.charset === "ascii" ? asciiText(text) : text;
    this.text(right - safe.length, y, safe, attr);
  }

  /** Text in the middle of a line. */
  textCentred(y: number, text: string, attr: number): void {
    this.text(Math.max(0, Math.floor((this.width - text.length) / 2)), y, text, attr);
  }

  character(x: number, y: number): string {
    return this.cells.characters[(this.top + y) * this.cells.width + this.left + x];
  }

  attribute(x: number, y: number): number {
    return this.cells.attributes[(this.top + y) * this.cells.width + this.left + x];
  }

  /** The characters alone, a line a row; for tests. */
  lines(): string[] {
    return Array.from({ length: this.height }, (_, y) => Array.from({ length: this.width }, (_, x) => this.character(x, y)).join(""));
  }
}
