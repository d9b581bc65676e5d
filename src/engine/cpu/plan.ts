import { encodeInstruction, type Instruction } from "./instructions.js";
import { strides, type Value } from "./layout.js";
import type { Lowered, PhasePlan } from "./lower.js";
import { Allocator } from "./memory.js";

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
  phases: number;
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
  return Math.min(group, taskImages);
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
  const values = markUses(phases, lowered.update);
  const thread = new Allocator();
  for (const [v, group] of values) {
    const { image } = strides(v);
    v.scope = v.phases.size > 1 ? "batch" : v.stages.size > 1 ? "task" : "group";
    v.offset = v.scope === "batch" ? allocator.take(image * batch) : thread.take(image * (v.scope === "task" ? taskImages : group));
  }
  const scratch = scratchOf(lowered.update, thread);
  const instructions: Instruction[] = [];
  const encode = (list: readonly Instruction[]) => list.flatMap((i) => encodeInstruction(i, instructions.push(i) - 1));
  const words = phases.flatMap((phase) => encodePhase(phase, encode));
  if (lowered.update.length > 0) words.push(...encodeUpdate(lowered.update, encode));
  return {
    code: Int32Array.from(words),
    phases: phases.length + (lowered.update.length > 0 ? 1 : 0),
    threadFloats: thread.end + scratch,
    instructions,
  };
}

/** @returns every value of the phases with the group size of the stage that touches it */
function markUses(phases: readonly PlannedPhase[], update: readonly Instruction[]): Map<Value, number> {
  const values = new Map<Value, number>();
  let stageNumber = 0;
  for (const [p, phase] of phases.entries()) {
    for (const stage of phase.stages) {
      stageNumber++;
      for (const v of stage.instructions.flatMap((i) => i.values)) {
        v.phases.add(p);
        v.stages.add(stageNumber);
        values.set(v, stage.group);
      }
    }
  }
  for (const v of update.flatMap((i) => i.values)) {
    if (values.has(v)) v.phases.add(phases.length);
  }
  return values;
}

/** Every task of the update uses the same scratch of its thread. @returns floats */
function scratchOf(update: readonly Instruction[], thread: Allocator): number {
  let most = 0;
  for (const v of update.flatMap((i) => i.values)) {
    if (v.scope) continue;
    v.scope = "group";
    v.offset = thread.end;
    most = Math.max(most, strides(v).image);
  }
  return most;
}

type Encode = (list: readonly Instruction[]) => number[];

function encodePhase(phase: PlannedPhase, encode: Encode): number[] {
  const stages = phase.stages.flatMap((stage) => {
    const ops = encode(stage.instructions);
    return [stage.group, stage.instructions.length, ops.length + 3, ...ops];
  });
  const finish = encode(phase.finish);
  return [
    5 + stages.length + finish.length,
    phase.stages.length > 0 ? 1 : 0,
    0,
    phase.stages.length,
    phase.finish.length,
    ...stages,
    ...finish,
  ];
}

function encodeUpdate(update: readonly Instruction[], encode: Encode): number[] {
  const ops = encode(update);
  return [5 + 3 + ops.length, 0, update.length, 1, 0, 1, update.length, ops.length + 3, ...ops];
}
