import type { ProfileRow } from "../contract/profile.js";
import type { Instruction } from "./compile/instruction.js";

/**
 * @param instructions by id @param seconds [threads × instructions] of all steps together
 * @returns the time of a step by label
 */
export function profileRows(instructions: readonly Instruction[], seconds: Float64Array, steps: number, batchSize: number): ProfileRow[] {
  const rows = new Map<string, ProfileRow>();
  for (const [id, { label = "finish", multiplyAdds = 0 }] of instructions.entries()) {
    const row = rows.get(label) ?? { label, seconds: 0, multiplyAdds: 0 };
    for (let at = id; at < seconds.length; at += instructions.length) row.seconds += seconds[at] / steps;
    row.multiplyAdds += multiplyAdds * batchSize;
    rows.set(label, row);
  }
  return [...rows.values()];
}
