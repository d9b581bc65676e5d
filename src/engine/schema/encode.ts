import type { FieldKind, Schema, StructValue, WordKind } from "./fields.js";

const floatView = new Float32Array(1);
const wordView = new Int32Array(floatView.buffer);

/** @returns the bits of a float32 as a signed word */
function floatWord(x: number): number {
  floatView[0] = x;
  return wordView[0];
}

type Fields = Readonly<Record<string, unknown>>;

/** Makes words of the values of a schema's structs. */
export class Encoder<S extends Schema> {
  private readonly enums: ReadonlyMap<string, ReadonlyMap<string, number>>;

  constructor(private readonly schema: S) {
    this.enums = new Map(
      Object.entries(schema.enums).map(([name, { values, first = 0 }]) => [
        name,
        new Map(Object.keys(values).map((value, i) => [value, first + i])),
      ]),
    );
  }

  /** @returns the struct's words, then those of its lists, as signed or unsigned 32-bit numbers */
  encode<N extends keyof S["structs"] & string>(name: N, value: StructValue<S, N>): number[] {
    const words: number[] = [];
    const lists: number[] = [];
    this.writeStruct(name, value, words, lists);
    return lists.length > 0 ? [...words, ...lists] : words;
  }

  /** @returns how many words a struct has without its lists */
  words(name: keyof S["structs"] & string): number {
    let words = 0;
    for (const { kind } of Object.values(this.schema.structs[name].fields)) words = this.wordsTo(words, kind);
    return evenFor(this.hasPointer(name), words);
  }

  /** @returns the number of an enum's value */
  code<N extends keyof S["enums"] & string>(name: N, value: keyof S["enums"][N]["values"] & string): number {
    return this.enums.get(name)!.get(value)!;
  }

  /** @returns the words up to the end of a field that begins behind `words` of them */
  private wordsTo(words: number, kind: FieldKind): number {
    if (typeof kind === "string") return words + (kind in this.schema.structs ? this.words(kind) : 1);
    if ("optional" in kind) return words + this.words(kind.optional);
    if ("upTo" in kind) return words + kind.upTo;
    return "pointer" in kind ? evenFor(true, words) + 2 : words + 1;
  }

  private hasPointer(name: string): boolean {
    return Object.values(this.schema.structs[name].fields).some(({ kind }) => typeof kind === "object" && "pointer" in kind);
  }

  private writeStruct(name: string, value: unknown, words: number[], lists: number[]): void {
    const { fields, from } = this.schema.structs[name];
    const values = (from ? from(value as never) : value) as Fields;
    const start = words.length;
    for (const field in fields) this.writeField(fields[field].kind, values[field], values, words, lists);
    if (this.hasPointer(name) && (words.length - start) % 2 !== 0) words.push(0);
  }

  private writeField(kind: FieldKind, value: unknown, owner: Fields, words: number[], lists: number[]): void {
    if (typeof kind === "string") {
      const values = this.enums.get(kind);
      if (values) words.push(values.get(value as string)!);
      else if (kind in this.schema.structs) this.writeStruct(kind, value, words, lists);
      else words.push(wordOf(kind as WordKind, value));
    } else if ("optional" in kind) {
      if (value === undefined) for (let i = this.words(kind.optional); i > 0; i--) words.push(0);
      else this.writeStruct(kind.optional, value, words, lists);
    } else if ("present" in kind) {
      words.push(owner[kind.present] === undefined ? 0 : 1);
    } else if ("upTo" in kind) {
      const values = value as readonly unknown[];
      if (values.length > kind.upTo) throw new Error(`Expected at most ${kind.upTo} values, got ${values.length}.`);
      for (let i = 0; i < kind.upTo; i++) words.push(i < values.length ? wordOf(kind.of, values[i]) : -1);
    } else if ("list" in kind) {
      const values = value as readonly unknown[];
      words.push(values.length);
      for (const each of values) this.writeStruct(kind.list, each, lists, lists);
    } else {
      if (words.length % 2 !== 0) words.push(0);
      const address = BigInt.asUintN(64, (value as bigint | undefined) ?? 0n);
      words.push(Number(address & 0xffffffffn), Number(address >> 32n));
    }
  }
}

function wordOf(kind: WordKind, value: unknown): number {
  if (kind === "f32") return floatWord(value as number);
  if (kind === "flag") return value ? 1 : 0;
  return (value as number | undefined) ?? -1;
}

function evenFor(pointers: boolean, words: number): number {
  return pointers ? words + (words % 2) : words;
}
