import type { ThreadOffset } from "../../schema/fields.js";
import type { FeatureMap } from "../memory/feature-map.js";
import { encodeOp, type OpFields, type OpKind } from "../program/encode.js";
import { constants } from "../program/schema.js";

/** Memory of a thread that an op asks for; the plan gives its place. */
export interface ThreadMemory {
  floats: number;
  offset?: ThreadOffset;
}

/** What is known of an op beside its words, for the plan, the profile and the order of the update. */
interface About {
  /** What it does, for the profile: "conv2 forward"; given by whoever emits it. */
  label?: string;
  /** Update: the parameter that it changes. */
  parameter?: string;
  /** The gate that a task of images passes behind it, or that all of them must have passed before this task of the update. */
  gate?: number;
  /** Update: what the same task does then. */
  followers?: Instruction[];
  /** Multiply-adds of one image, where they are what the op is about. */
  multiplyAdds?: number;
  maps: FeatureMap[];
  /** Reads every element before it writes the one in its place: what it writes may lie where something it reads lay. */
  inPlace?: boolean;
  /** Wants all images of a task at once: a dense layer, whose weights are far larger than an image. */
  whole?: boolean;
  /** What it reads besides its images is so large that it wants at least this many of them at a time. */
  leastImages?: number;
  /** Holds nothing from one op to the next. */
  scratch?: ThreadMemory;
  /** The op's own from a task's first group to its last. */
  sums?: ThreadMemory;
}

/** One op of the program; it is encoded once every feature map has its place. */
export interface Instruction extends About {
  kind: OpKind;
  encode(header: { id: number; gate: number }): number[];
}

/** @param fields asked when the instruction is encoded */
export function instruction<K extends OpKind>(kind: K, about: About, fields: () => OpFields<K>): Instruction {
  return { ...about, kind, encode: (header) => encodeOp(kind, fields(), header) };
}

/** @param nextId gives an instruction its row in the profile */
export function encodeInstruction(i: Instruction, nextId: (i: Instruction) => number, gate = i.gate ?? constants.noGate): number[] {
  const words = i.encode({ id: nextId(i), gate });
  const followers = (i.followers ?? []).flatMap((next) => encodeInstruction(next, nextId, constants.sameTask));
  return [...words, ...followers];
}

/** @returns where the plan has put it */
export function placed({ offset }: ThreadMemory): ThreadOffset {
  if (offset === undefined) throw new Error("An op's memory was not placed");
  return offset;
}
