import type { Offset, ThreadOffset } from "../../schema/fields.js";
import { Allocator } from "../memory/allocator.js";
import { type FeatureMap, padded, type Scope, strides } from "../memory/feature-map.js";
import { constants } from "../program/schema.js";
import type { Instruction } from "./instruction.js";
import type { Lowered, LoweredPhase } from "./lowered.js";
import type { Stage, StagedPhase } from "./stages.js";

/**
 * Gives every feature map a place in the narrowest scope that it allows, and every op the memory of its thread that it asks for.
 * @param phases the same as lowered's, in stages
 * @param batchImages images of the largest batch @param taskImages images of one task @param allocator of the memory that all threads share
 * @returns floats of each thread's own memory
 */
export function place(
  lowered: Lowered,
  phases: readonly StagedPhase[],
  { batchImages, taskImages }: { batchImages: number; taskImages: number },
  allocator: Allocator,
): number {
  const lives = livesOf(phases, lowered.update);
  const thread = new Allocator<ThreadOffset>();
  const scoped = (scope: Scope) => lives.filter((life) => life.scope === scope);
  placeInSlots(scoped("batch"), "batch", batchImages, allocator);
  placeInSlots(scoped("task"), "task", taskImages, thread);
  for (const { map, group } of scoped("group")) map.placement = { scope: "group", offset: thread.take(strides(map).image * group) };
  placeSums(lowered.phases, thread);
  const ops = [...lowered.phases.flatMap((phase) => phase.instructions), ...lowered.update];
  return thread.end + placeScratch(ops, thread.end);
}

/** When a feature map is first and last touched, counted in ops, and how widely it must be visible. */
interface Life {
  map: FeatureMap;
  first: number;
  last: number;
  /** The first op may write it where something lay that this op reads last. */
  inPlace: boolean;
  /** Images at a time of the stage that touches it; meaningful where only one does. */
  group: number;
  scope: Scope;
}

function livesOf(phases: readonly StagedPhase[], update: readonly Instruction[]): Life[] {
  const lives = new Map<FeatureMap, Life & { phase: number; stage: Stage }>();
  let now = 0;
  for (const [phase, { stages }] of phases.entries()) {
    for (const stage of stages) {
      for (const { maps, inPlace = false } of stage.instructions) {
        now++;
        for (const map of maps) {
          const life = lives.get(map);
          if (!life) {
            lives.set(map, { map, first: now, last: now, inPlace, group: stage.group, scope: "group", phase, stage });
            continue;
          }
          life.last = now;
          if (life.phase !== phase) life.scope = "batch";
          else if (life.stage !== stage && life.scope === "group") life.scope = "task";
        }
      }
    }
  }
  for (const map of update.flatMap((i) => i.maps)) {
    const life = lives.get(map);
    if (life) Object.assign(life, { scope: "batch", last: Number.POSITIVE_INFINITY });
  }
  return [...lives.values()];
}

/** A place for one feature map after the other. */
interface Slot {
  /** Floats of one image. */
  size: number;
  /** The op behind which the last occupant is no longer read. */
  free: number;
  occupants: FeatureMap[];
}

/**
 * Lets feature maps whose lives do not overlap share memory. Every image keeps its own place whatever lies there, and every phase cuts
 * the batch into the same tasks, so a place is free for the next map as soon as its own image's last op has run.
 * A border of zeros is never written, so a bordered map only follows maps of its own shape.
 */
function placeInSlots(lives: readonly Life[], scope: Scope, images: number, allocator: Allocator<Offset> | Allocator<ThreadOffset>): void {
  const slots: Slot[] = [];
  for (const { map, first, last, inPlace } of [...lives].sort((a, b) => a.first - b.first)) {
    const free = (slot: Slot) => slot.free < first || (inPlace && slot.free === first && sameShape(map, slot.occupants.at(-1)!));
    const fits = (slot: Slot) => free(slot) && slot.size >= strides(map).image && slot.occupants.every((o) => mayFollow(map, o));
    const slot = slots.filter(fits).sort((a, b) => a.size - b.size)[0] ?? newSlot(slots, strides(map).image);
    slot.free = last;
    map.border = Math.max(map.border, borderIn(slot, map));
    slot.occupants.push(map);
  }
  for (const { size, occupants } of slots) {
    const offset = allocator.take(size * images);
    for (const map of occupants) map.placement = { scope, offset, imageStride: size };
  }
}

function newSlot(slots: Slot[], size: number): Slot {
  const slot: Slot = { size, free: 0, occupants: [] };
  slots.push(slot);
  return slot;
}

/** @returns the border that a map takes over from the bordered maps of its shape in the slot */
function borderIn(slot: Slot, map: FeatureMap): number {
  return map.flat ? 0 : Math.max(0, ...slot.occupants.map((o) => o.border));
}

function sameShape(a: FeatureMap, b: FeatureMap): boolean {
  return a.shape.join() === b.shape.join() && a.blockSize === b.blockSize;
}

function mayFollow(next: FeatureMap, before: FeatureMap): boolean {
  const zerosMatter = (map: FeatureMap) => map.border > 0 || map.blockSize === 1 || map.shape[0] % constants.blockChannels !== 0;
  if (!zerosMatter(next) && !zerosMatter(before)) return true;
  return sameShape(next, before) && (next.border === before.border || (next.border < before.border && !next.flat));
}

/** Sums live as long as a task: those of one phase may lie where another phase's did. */
function placeSums(phases: readonly LoweredPhase[], thread: Allocator<ThreadOffset>): void {
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
