import type { ThreadOffset } from "../../schema/fields.js";
import type { FeatureMap } from "../memory/feature-map.js";
import { encodeOp, type OpFields, type OpKind } from "../program/encode.js";
import { constants } from "../program/schema.js";

/** Memory of each thread that an op asks for; placement.ts gives it an offset. */
export interface ThreadMemory {
  floats: number;
  offset?: ThreadOffset;
}

/** An op's properties beside its words: for stages, placement, the profile and the order of the update. */
interface About {
  /** Its work in words, for the profile: "conv2 forward". */
  label?: string;
  /** Update: the parameter that it changes. */
  parameter?: string;
  /** The gate that a task of images passes behind it, or that all of them must have passed before this task of the update. */
  gate?: number;
  /** Update: further ops of the same task. */
  followers?: Instruction[];
  /** Multiply-adds of one image, of ops that are products. */
  multiplyAdds?: number;
  maps: FeatureMap[];
  /** It reads every element before it writes the one in its place: its output may lie where its input lay. */
  inPlace?: boolean;
  /** It takes all images of a task at once: a dense layer, whose weights are far larger than an image. */
  whole?: boolean;
  /** It takes at least this many images at a time, because it reads much besides them. */
  leastImages?: number;
  /** Memory without content from one op to the next. */
  scratch?: ThreadMemory;
  /** Memory of its own from a task's first group to its last. */
  sums?: ThreadMemory;
}

/** One op of the program; it is encoded once every feature map has its place. */
export interface Instruction extends About {
  kind: OpKind;
  encode(header: { id: number; gate: number }): number[];
}

/** @param fields called when the instruction is encoded, once all places are known */
export function instruction<K extends OpKind>(kind: K, about: About, fields: () => OpFields<K>): Instruction {
  return { ...about, kind, encode: (header) => encodeOp(kind, fields(), header) };
}

/** @param nextId gives an instruction its row in the profile */
export function encodeInstruction(i: Instruction, nextId: (i: Instruction) => number, gate = i.gate ?? constants.noGate): number[] {
  const words = i.encode({ id: nextId(i), gate });
  const followers = (i.followers ?? []).flatMap((next) => encodeInstruction(next, nextId, constants.sameTask));
  return [...words, ...followers];
}

/** @returns its place, which placement.ts has given it */
export function placed({ offset }: ThreadMemory): ThreadOffset {
  if (offset === undefined) throw new Error("An op's memory was not placed");
  return offset;
}
