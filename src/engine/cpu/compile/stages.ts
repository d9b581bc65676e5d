import { strides } from "../memory/feature-map.js";
import type { Instruction } from "./instruction.js";
import type { LoweredPhase } from "./lowered.js";

/** Bytes of the second-level cache that a group of images may take: half of the smallest one in use (256 kB). */
const groupBytes = 128 * 1024;

/** Consecutive ops of a phase with the same number of images at a time. */
export interface Stage {
  group: number;
  instructions: Instruction[];
}

export interface StagedPhase {
  stages: Stage[];
  finish: Instruction[];
}

function groupSize(i: Instruction, taskImages: number): number {
  if (i.whole) return taskImages;
  const bytes = i.maps.reduce((sum, map) => sum + 4 * strides(map).image, 0);
  let group = 1;
  while (group * 2 <= 16 && group * 2 * bytes <= groupBytes) group *= 2;
  return Math.min(Math.max(group, i.leastImages ?? 1), taskImages);
}

/** @param taskImages images of one task @returns the phase with its ops in stages */
export function stagesOf(phase: LoweredPhase, taskImages: number): StagedPhase {
  const stages: Stage[] = [];
  for (const i of phase.instructions) {
    const group = groupSize(i, taskImages);
    const open = stages.at(-1);
    if (open?.group === group) open.instructions.push(i);
    else stages.push({ group, instructions: [i] });
  }
  return { stages, finish: phase.finish };
}
