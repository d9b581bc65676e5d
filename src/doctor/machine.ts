import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, freemem, release, totalmem, type } from "node:os";

export interface MachineReport {
  system: string;
  arch: string;
  node: string;
  cpu: string;
  /** Processor cores that this process may use. */
  cores: number;
  /** Instruction sets for arithmetic, in the system's names; empty where the system does not list them. */
  simd: string[];
  /** Bytes. */
  memoryTotal: number;
  memoryFree: number;
}

/** The instruction sets that engines use, the oldest first. */
const sets = [
  "sse4_2",
  "avx",
  "f16c",
  "fma",
  "avx2",
  "avx512f",
  "avx512_vnni",
  "avx512_bf16",
  "avx512_fp16",
  "amx_bf16",
  "amx_int8",
  "asimd",
  "sve",
  "sve2",
];

/** Reads the system's own figures: about a millisecond, and no call that can hang. */
export function inspectMachine(): MachineReport {
  return {
    system: `${type()} ${release()}`,
    arch: arch(),
    node: process.versions.node,
    cpu: cpus()[0]?.model.replace(/\s+/g, " ").trim() || "unknown processor",
    cores: availableParallelism(),
    simd: simdSets(),
    memoryTotal: totalmem(),
    memoryFree: freemem(),
  };
}

function simdSets(): string[] {
  if (process.platform !== "linux") return arch() === "arm64" ? ["asimd"] : [];
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"));
    const flags = new Set(line?.[1].split(" "));
    return sets.filter((name) => flags.has(name));
  } catch {
    return [];
  }
}
