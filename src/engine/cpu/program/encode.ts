import { Encoder } from "../../schema/encode.js";
import type { StructValue } from "../../schema/fields.js";
import { cpuSchema } from "./schema.js";

type StructName = keyof typeof cpuSchema.structs;
/** The fields of a struct of native/program.gen.h, as TypeScript has them. */
export type StructFields<N extends StructName> = StructValue<typeof cpuSchema, N>;

export type OpKind = keyof typeof cpuSchema.ops;
/** The fields of an op, without its header. */
export type OpFields<K extends OpKind> = StructFields<(typeof cpuSchema.ops)[K]["struct"]>;

const encoder = new Encoder(cpuSchema);

export const structWords = (name: StructName): number => encoder.words(name);

export function encodeStruct<N extends StructName>(name: N, fields: StructFields<N>): number[] {
  return encoder.encode(name, fields);
}

/** @returns the op's words, header included */
export function encodeOp<K extends OpKind>(kind: K, fields: OpFields<K>, { id, gate }: { id: number; gate: number }): number[] {
  const body = encoder.encode(cpuSchema.ops[kind].struct, fields as never);
  return [...encoder.encode("Op", { kind, words: structWords("Op") + body.length, id, gate }), ...body];
}
