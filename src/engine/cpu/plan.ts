import type { Offset, ThreadOffset } from "../schema/fields.js";
import { encodeInstruction, type Instruction } from "./instructions.js";
import { padded, type Scope, strides, type Value } from "./layout.js";
import type { Lowered, PhasePlan } from "./lower.js";
import { Allocator } from "./memory.js";
import { encodeStruct, structWords } from "./program/encode.js";
import { constants } from "./program/schema.js";

/** What a group of images may take of the second-level cache, in bytes: half of the smallest one in use (256 kB). */
const groupBytes = 128 * 1024;

/** Consecutive ops of a phase with the same number of images at a time. */
interface Stage {
  group: number;
  instructions: Instruction[];
}

interface PlannedPhase {
  stages: Stage[];
  finish: Instruction[];
}

/** The program's words, and the memory that it needs. */
export interface Plan {
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

function groupSize(i: Instruction, taskImages: number): number {
  if (i.whole) return taskImages;
  const bytes = i.values.reduce((sum, v) => sum + 4 * strides(v).image, 0);
  let group = 1;
  while (group * 2 <= 16 && group * 2 * bytes <= groupBytes) group *= 2;
  return Math.min(Math.max(group, i.leastImages ?? 1), taskImages);
}

function stagesOf(phase: PhasePlan, taskImages: number): PlannedPhase {
  const stages: Stage[] = [];
  for (const i of phase.instructions) {
    const group = groupSize(i, taskImages);
    const open = stages.at(-1);
    if (open?.group === group) open.instructions.push(i);
    else stages.push({ group, instructions: [i] });
  }
  return { stages, finish: phase.finish };
}

/**
 * Decides how many images each op takes at a time, gives every activation a place in the widest scope that it needs, and encodes
 * the program for native/run.h.
 * @param batch images of the largest batch @param taskImages images of one task
 * @param allocator takes the batch-wide activations
 */
export function plan(lowered: Lowered, batch: number, taskImages: number, allocator: Allocator): Plan {
  const phases = lowered.phases.map((phase) => stagesOf(phase, taskImages));
  const uses = usesOf(phases, lowered.update);
  const thread = new Allocator<ThreadOffset>();
  const scoped = (scope: Scope) => uses.filter((use) => use.scope === scope);
  placeSlots(scoped("batch"), "batch", batch, allocator);
  placeSlots(scoped("task"), "task", taskImages, thread);
  for (const { value: v, group } of scoped("group")) {
    v.scope = "group";
    v.offset = thread.take(strides(v).image * group);
  }
  const ops = [...lowered.phases.flatMap((phase) => phase.instructions), ...lowered.update];
  placeSums(lowered.phases, thread);
  const scratch = placeScratch(ops, thread.end);
  const instructions: Instruction[] = [];
  const nextId = (i: Instruction) => instructions.push(i) - 1;
  const encode = (list: readonly Instruction[]) => list.flatMap((i) => encodeInstruction(i, nextId));
  const preparation = encodeTasks(lowered.preparation, encode, false);
  const update = encodeTasks(lowered.update, encode, true);
  return {
    code: Int32Array.from([...preparation, ...phases.flatMap((phase) => encodePhase(phase, encode)), ...update]),
    preparation: preparation.length,
    phases: phases.length + (update.length > 0 ? 1 : 0),
    gates: lowered.gates,
    threadFloats: thread.end + scratch,
    instructions,
  };
}

/** When a value is first and last touched, counted in ops, and how widely it must be visible. */
interface Use {
  value: Value;
  first: number;
  last: number;
  /** The first op may write it where something lay that this op reads last. */
  inPlace: boolean;
  /** Images at a time of the stage that touches it; meaningful where only one does. */
  group: number;
  scope: Scope;
}

function usesOf(phases: readonly PlannedPhase[], update: readonly Instruction[]): Use[] {
  const uses = new Map<Value, Use & { phase: number; stage: Stage }>();
  let now = 0;
  for (const [phase, { stages }] of phases.entries()) {
    for (const stage of stages) {
      for (const i of stage.instructions) {
        now++;
        for (const v of i.values) {
          const use = uses.get(v);
          if (!use) {
            uses.set(v, { value: v, first: now, last: now, inPlace: i.inPlace === true, group: stage.group, scope: "group", phase, stage });
            continue;
          }
          use.last = now;
          if (use.phase !== phase) use.scope = "batch";
          else if (use.stage !== stage && use.scope === "group") use.scope = "task";
        }
      }
    }
  }
  for (const v of update.flatMap((i) => i.values)) {
    const use = uses.get(v);
    if (use) Object.assign(use, { scope: "batch", last: Number.POSITIVE_INFINITY });
  }
  return [...uses.values()];
}

/** A place for one value after the other. */
interface Slot {
  /** Floats of one image. */
  size: number;
  free: number;
  occupants: Value[];
}

/**
 * Lets values whose lives do not overlap share memory. Every image keeps its own place whatever lies there, and every phase cuts
 * the batch into the same tasks, so a place is free for the next value as soon as its own image's last op has run.
 * A border of zeros is never written, so a bordered value only follows values of its own shape.
 */
function placeSlots(uses: readonly Use[], scope: Scope, images: number, allocator: Allocator<Offset> | Allocator<ThreadOffset>): void {
  const slots: Slot[] = [];
  for (const { value: v, first, last, inPlace } of [...uses].sort((a, b) => a.first - b.first)) {
    const free = (slot: Slot) => slot.free < first || (inPlace && slot.free === first && sameShape(v, slot.occupants.at(-1)!));
    const fits = (slot: Slot) => free(slot) && slot.size >= strides(v).image && slot.occupants.every((o) => mayFollow(v, o));
    const slot = slots.filter(fits).sort((a, b) => a.size - b.size)[0] ?? newSlot(slots, strides(v).image);
    slot.free = last;
    v.border = Math.max(v.border, bordered(slot, v));
    slot.occupants.push(v);
  }
  for (const { size, occupants } of slots) {
    const offset = allocator.take(size * images);
    for (const v of occupants) Object.assign(v, { scope, offset, slot: size });
  }
}

function newSlot(slots: Slot[], size: number): Slot {
  const slot: Slot = { size, free: 0, occupants: [] };
  slots.push(slot);
  return slot;
}

/** @returns the border that a value takes over from the bordered values of its shape in the slot */
function bordered(slot: Slot, v: Value): number {
  return v.flat ? 0 : Math.max(0, ...slot.occupants.map((o) => o.border));
}

function sameShape(a: Value, b: Value): boolean {
  return a.shape.join() === b.shape.join() && a.blockSize === b.blockSize;
}

function mayFollow(next: Value, before: Value): boolean {
  const zerosMatter = (v: Value) => v.border > 0 || v.blockSize === 1 || v.shape[0] % constants.blockChannels !== 0;
  if (!zerosMatter(next) && !zerosMatter(before)) return true;
  return sameShape(next, before) && (next.border === before.border || (next.border < before.border && !next.flat));
}

/** Sums live as long as a task, so what one phase uses the next may use again. */
function placeSums(phases: readonly PhasePlan[], thread: Allocator<ThreadOffset>): void {
  const start = thread.end;
  const ends = phases.map(({ instructions }) => {
    const own = new Allocator(start);
    for (const { sums } of instructions) if (sums) sums.offset = own.take(sums.floats);
    return own.end;
  });
  thread.take(Math.max(start, ...ends) - start);
}

/** Every op uses the same scratch of its thread. @returns floats */
function placeScratch(instructions: readonly Instruction[], offset: ThreadOffset): number {
  const users = instructions.flatMap(({ scratch }) => (scratch ? [scratch] : []));
  for (const user of users) user.offset = offset;
  return padded(Math.max(0, ...users.map(({ floats }) => floats)));
}

type Encode = (list: readonly Instruction[]) => number[];

function encodeStage({ group, instructions }: Stage, encode: Encode): number[] {
  const ops = encode(instructions);
  return [...encodeStruct("Stage", { group, ops: instructions.length, words: structWords("Stage") + ops.length }), ...ops];
}

function encodePhase({ stages, finish }: PlannedPhase, encode: Encode): number[] {
  const body = [...stages.flatMap((stage) => encodeStage(stage, encode)), ...encode(finish)];
  const counts = { stages: stages.length, finishOps: finish.length, tasks: 0 };
  return [...encodeStruct("Phase", { ...phaseWords(body), perImage: stages.length > 0, early: false, ...counts }), ...body];
}

/**
 * A phase whose tasks are these.
 * @param early they may begin as soon as their gates have been passed @returns no words where there are none
 */
function encodeTasks(tasks: readonly Instruction[], encode: Encode, early: boolean): number[] {
  if (tasks.length === 0) return [];
  const body = encodeStage({ group: 1, instructions: [...tasks] }, encode);
  const counts = { stages: 1, finishOps: 0, tasks: tasks.length };
  return [...encodeStruct("Phase", { ...phaseWords(body), perImage: false, early, ...counts }), ...body];
}

function phaseWords(body: readonly number[]): { words: number } {
  return { words: structWords("Phase") + body.length };
}
