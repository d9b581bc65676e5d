/**
 * The language in which a schema describes the data that TypeScript and C++ share: constants, enums and structs of 32-bit words. A schema is data. The compiler
 * derives from it the type of every struct's value, `encode.ts` the words, and `scripts/build-program.mjs` the C++ header.
 */

declare const memory: unique symbol;
/** Where something lies in the arena, in floats from its start. A number of things is no offset: only the allocator and `offsetBy` make one. */
export type Offset = number & { readonly [memory]: "arena" };
/** Where something lies in the memory of each thread, in floats from its start. */
export type ThreadOffset = number & { readonly [memory]: "thread" };

/** @returns the place `floats` behind another one in the same memory */
export function offsetBy<O extends Offset | ThreadOffset>(offset: O, floats: number): O {
  return (offset + floats) as O;
}

/** The kinds of fields that are one word, with the types of their values. */
interface WordValues {
  count: number;
  index: number;
  "index?": number | undefined;
  floats: number;
  flag: boolean;
  offset: Offset;
  "offset?": Offset | undefined;
  threadOffset: ThreadOffset;
  i32: number;
  u32: number;
  f32: number;
}
export type WordKind = keyof WordValues;

/** The kinds' names in C++. An alias stands for a type and has a text that explains it. */
export const wordKinds: Record<WordKind, { name: string; alias?: { type: string; doc: string } }> = {
  count: { name: "Count", alias: { type: "int32_t", doc: "a number of things" } },
  index: { name: "Index", alias: { type: "int32_t", doc: "one of several things, counted from 0" } },
  "index?": { name: "OptionalIndex", alias: { type: "int32_t", doc: "the same, or −1: none" } },
  floats: { name: "Floats", alias: { type: "int32_t", doc: "a distance or a size in floats" } },
  flag: { name: "Flag", alias: { type: "int32_t", doc: "0 or 1" } },
  offset: { name: "Offset", alias: { type: "int32_t", doc: "a place in the arena, in floats from its start" } },
  "offset?": { name: "OptionalOffset", alias: { type: "int32_t", doc: "the same, or −1: there is none" } },
  threadOffset: { name: "ThreadOffset", alias: { type: "int32_t", doc: "a place in the thread's own memory, in floats from its start" } },
  i32: { name: "int32_t" },
  u32: { name: "uint32_t" },
  f32: { name: "float" },
};

export type FieldKind =
  | WordKind
  /** The name of an enum, or of a struct that lies inside this one. */
  | (string & {})
  /** A struct, or zeros. */
  | { readonly optional: string }
  /** A flag that the encoder sets where that field has a value. */
  | { readonly present: string }
  /** An array of words, filled up with −1. */
  | { readonly upTo: number; readonly of: WordKind }
  /** Structs behind all fields; their number stands in the field's place. */
  | { readonly list: string; readonly count: string }
  /** A device address, with the C++ type of its target: two words, at an even one. */
  | { readonly pointer: string };

export interface Field<K extends FieldKind = FieldKind> {
  readonly kind: K;
  /** For the header, behind the field. */
  readonly doc: string;
  /** It stands on the line of the field before it in the header, and its doc is that of both. */
  readonly beside?: true;
}

export interface Struct {
  readonly doc: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** For a struct whose value has another form in TypeScript: makes the fields of it. */
  readonly from?: (value: never) => Readonly<Record<string, unknown>>;
}

export interface Enum {
  readonly doc: string;
  /** The beginning of the values' names in C++. */
  readonly prefix: string;
  /** The number of the first value; 0 by default. */
  readonly first?: number;
  /** Names in the order of their numbers, each with a text for the header. */
  readonly values: Readonly<Record<string, string>>;
}

export interface Constant<V extends number = number> {
  readonly value: V;
  /** A C++ type. */
  readonly type: "int32_t" | "uint32_t" | "float" | "double";
  readonly doc: string;
}

/** An op of the CPU engine's program. */
export interface Op {
  readonly struct: string;
  /** The function that carries it out, and its file in native/. */
  readonly execute: string;
  readonly file: string;
  readonly doc: string;
}

export interface Schema {
  readonly constants: Readonly<Record<string, Constant>>;
  readonly enums: Readonly<Record<string, Enum>>;
  readonly structs: Readonly<Record<string, Struct>>;
  readonly ops?: Readonly<Record<string, Op>>;
}

export function field<const K extends FieldKind>(kind: K, doc = ""): Field<K> {
  return { kind, doc };
}

/** @param doc of all of them @returns neighbouring fields of one kind */
export function together<const K extends FieldKind, const N extends readonly string[]>(
  kind: K,
  names: N,
  doc = "",
): { readonly [F in N[number]]: Field<K> } {
  const fields = names.map((name, i): [string, Field<K>] => [
    name,
    { kind, doc: i === names.length - 1 ? doc : "", ...(i > 0 && { beside: true }) },
  ]);
  return Object.fromEntries(fields) as { [F in N[number]]: Field<K> };
}

export function constant<const V extends number>(value: V, doc: string, type: Constant["type"] = "int32_t"): Constant<V> {
  return { value, type, doc };
}

/** @returns the constants' values by their names */
export function valuesOf<C extends Readonly<Record<string, Constant>>>(constants: C): { readonly [N in keyof C]: C[N]["value"] } {
  return Object.fromEntries(Object.entries(constants).map(([name, { value }]) => [name, value])) as { [N in keyof C]: C[N]["value"] };
}

/** @returns how many values an enum has */
export function sizeOf({ values }: Enum): number {
  return Object.keys(values).length;
}

/** The value of a field of this kind. */
export type FieldValue<S extends Schema, K> = K extends WordKind
  ? WordValues[K]
  : K extends keyof S["enums"]
    ? keyof S["enums"][K]["values"]
    : K extends keyof S["structs"]
      ? StructValue<S, K>
      : K extends { optional: infer N }
        ? FieldValue<S, N> | undefined
        : K extends { upTo: number; of: infer N }
          ? readonly FieldValue<S, N>[]
          : K extends { list: infer N }
            ? readonly FieldValue<S, N>[]
            : K extends { pointer: string }
              ? bigint | undefined
              : never;

/** The value of a struct: every field by its name, except those that the encoder sets. */
export type StructValue<S extends Schema, N extends keyof S["structs"]> = S["structs"][N] extends { from: (value: infer V) => unknown }
  ? V
  : {
      readonly [F in keyof S["structs"][N]["fields"] as S["structs"][N]["fields"][F]["kind"] extends { present: string }
        ? never
        : F]: FieldValue<S, S["structs"][N]["fields"][F]["kind"]>;
    };
