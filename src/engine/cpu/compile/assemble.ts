import type { Allocator } from "../memory/allocator.js";
import { encodeStruct, structWords } from "../program/encode.js";
import { encodeInstruction, type Instruction } from "./instruction.js";
import type { Lowered } from "./lowered.js";
import { place } from "./placement.js";
import { type Stage, type StagedPhase, stagesOf } from "./stages.js";

/** A program's words, and the memory that it needs. */
export interface Assembled {
  code: Int32Array;
  /** Words of a phase before the others, which prepares the weights; 0: nothing has to be prepared. */
  preparation: number;
  /** Without that. */
  phases: number;
  gates: number;
  /** Floats of each thread's own memory. */
  threadFloats: number;
  /** By id: the rows of a profile. */
  instructions: Instruction[];
}

/**
 * Decides how many images each op takes at a time, gives every feature map its place, and encodes the program for native/run.h.
 * @param batchImages images of the largest batch @param taskImages images of one task
 * @param allocator takes the batch-wide feature maps
 */
export function assemble(lowered: Lowered, batchImages: number, taskImages: number, allocator: Allocator): Assembled {
  const phases = lowered.phases.map((phase) => stagesOf(phase, taskImages));
  const threadFloats = place(lowered, phases, { batchImages, taskImages }, allocator);
  const instructions: Instruction[] = [];
  const nextId = (i: Instruction) => instructions.push(i) - 1;
  const encode = (list: readonly Instruction[]) => list.flatMap((i) => encodeInstruction(i, nextId));
  const preparation = encodeTasks(lowered.preparation, encode, false);
  const images = phases.flatMap((phase) => encodePhase(phase, encode));
  const update = encodeTasks(lowered.update, encode, true);
  return {
    code: Int32Array.from([...preparation, ...images, ...update]),
    preparation: preparation.length,
    phases: phases.length + (update.length > 0 ? 1 : 0),
    gates: lowered.gates,
    threadFloats,
    instructions,
  };
}

type Encode = (list: readonly Instruction[]) => number[];

function encodeStage({ group, instructions }: Stage, encode: Encode): number[] {
  const ops = encode(instructions);
  return [...encodeStruct("Stage", { group, ops: instructions.length, words: structWords("Stage") + ops.length }), ...ops];
}

function encodePhase({ stages, finish }: StagedPhase, encode: Encode): number[] {
  const body = [...stages.flatMap((stage) => encodeStage(stage, encode)), ...encode(finish)];
  const counts = { stages: stages.length, finishOps: finish.length, tasks: 0 };
  return [...encodeStruct("Phase", { words: phaseWords(body), perImage: stages.length > 0, early: false, ...counts }), ...body];
}

/**
 * A phase whose tasks are these.
 * @param early they may begin as soon as their gates have been passed @returns no words where there are none
 */
function encodeTasks(tasks: readonly Instruction[], encode: Encode, early: boolean): number[] {
  if (tasks.length === 0) return [];
  const body = encodeStage({ group: 1, instructions: [...tasks] }, encode);
  const counts = { stages: 1, finishOps: 0, tasks: tasks.length };
  return [...encodeStruct("Phase", { words: phaseWords(body), perImage: false, early, ...counts }), ...body];
}

function phaseWords(body: readonly number[]): number {
  return structWords("Phase") + body.length;
}
