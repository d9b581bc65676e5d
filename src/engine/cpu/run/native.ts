import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { programVersion } from "../program/schema.js";

/** The addon, with the instruction set that runs the program. */
export interface NativeBackend {
  kind: "native";
  isa: string;
  /** The instruction set's number among those of the addon. */
  index: number;
  vectorWidth: number;
}

/** The exports of native/binding.cpp. */
export interface NativeAddon {
  programVersion: number;
  /** @param memory from the arena's start @param done is called after each program @returns the threads */
  start(isa: number, memory: Uint8Array, threads: number, done: () => void): NativeThreads;
  /** Begins to run a program. */
  run(threads: NativeThreads, program: number): void;
  stop(threads: NativeThreads): void;
  peak(isa: number): number;
  supported(): { name: string; index: number; vectorWidth: number }[];
}

/** Threads as the addon hands them out. */
export type NativeThreads = { readonly nativeThreads: unique symbol };

const folder = new URL("../../../../native/", import.meta.url);
const addonFile = fileURLToPath(new URL("build/kernels.node", folder));

export function loadAddon(): NativeAddon {
  return createRequire(import.meta.url)(addonFile) as NativeAddon;
}

/** @returns the native build, or one sentence why there is none */
export function nativeBackend(): NativeBackend | { reason: string } {
  try {
    return chooseNative(loadAddon());
  } catch (error) {
    return { reason: `The native kernels are not built: ${buildFailure() ?? (error as Error).message.split("\n")[0]}.` };
  }
}

/** @returns the addon's best instruction set of this processor, or MNIST_TUI_ISA's; or one sentence why it cannot serve */
export function chooseNative(addon: NativeAddon): NativeBackend | { reason: string } {
  // After an update without an installation: kernels that read another program would compute nonsense.
  if (addon.programVersion !== programVersion)
    return { reason: "The native kernels were built for another version of this program: run npm run build:native." };
  const sets = addon.supported();
  const wanted = process.env.MNIST_TUI_ISA;
  const set = wanted ? sets.find((s) => s.name === wanted) : sets[0];
  if (!set) return { reason: `MNIST_TUI_ISA is ${wanted}, but this processor has ${sets.map((s) => s.name).join(", ")}.` };
  return { kind: "native", isa: set.name, index: set.index, vectorWidth: set.vectorWidth };
}

/** @returns the reason why the build at installation failed; undefined where it did not */
function buildFailure(): string | undefined {
  try {
    const status = JSON.parse(readFileSync(new URL("build/status.json", folder), "utf8"));
    return typeof status.reason === "string" ? status.reason : undefined;
  } catch {
    return "npm run build:native has not run";
  }
}
