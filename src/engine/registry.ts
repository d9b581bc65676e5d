import type { EngineChoice } from "../config/types.js";
import { UserError } from "../util/errors.js";
import type { Engine, EngineName } from "./contract/engine.js";

/** Loads an engine's code, and only that engine's. */
type Loader = () => Promise<Engine>;

/**
 * The engines in the order in which `auto` tries them, each behind a dynamic import. The reference engine comes last: it is too slow for anything but tests.
 */
const loaders: Readonly<Record<EngineName, Loader>> = {
  cuda: async () => (await import("./cuda/engine.js")).cudaEngine,
  tensorflow: async () => (await import("./tfjs/tensorflow.js")).tensorflowEngine,
  webgpu: async () => (await import("./tfjs/webgpu.js")).webgpuEngine,
  native: async () => (await import("./cpu/engine.js")).nativeEngine,
  wasm: async () => (await import("./cpu/engine.js")).wasmEngine,
  reference: async () => (await import("./reference/engine.js")).referenceEngine,
};

/** Names in probing order. */
export const engineNames: readonly EngineName[] = Object.keys(loaders) as EngineName[];

/** Loads the code of the engines that `auto` may take, for a process that waits for its configuration. Never throws. */
export async function loadEnginesAhead(): Promise<void> {
  for (const [name, load] of Object.entries(loaders)) {
    // probeEngine reports an engine whose code cannot be loaded.
    if (name !== "reference") await load().catch(() => {});
  }
}

/** Engines that start in milliseconds and take no memory of a GPU: for single images that is worth more than speed. */
const quick: readonly EngineName[] = ["native", "wasm"];
const inferenceOrder = [...quick, ...engineNames.filter((name) => !quick.includes(name))];

export interface Refusal {
  name: EngineName;
  /** One sentence. */
  reason: string;
}

/**
 * @param purpose auto: an engine that runs but is not worth choosing, such as TensorFlow without a GPU, counts as refused
 * @returns the engine, or one sentence why it cannot run here; never throws
 */
export async function probeEngine(name: EngineName, purpose: "auto" | "asked" = "asked"): Promise<{ engine: Engine } | { reason: string }> {
  const load: Loader | undefined = loaders[name];
  if (!load) return { reason: `The engine ${name} is not part of this version.` };
  try {
    const engine = await load();
    // discouraged() answers at once; unavailable() may need a child process.
    const reason = (purpose === "auto" ? await engine.discouraged?.() : undefined) ?? (await engine.unavailable());
    return reason === undefined ? { engine } : { reason };
  } catch (error) {
    const [message] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { reason: `Its code cannot be loaded: ${message.replace(/\.$/, "")}.` };
  }
}

/**
 * Finds the engine to train or answer with.
 * @param choice `auto` takes the first that runs here and is worth it, and the reference engine only where nothing else does; a name takes that one
 * @param work inference: `auto` tries the engines on the CPU first
 * @returns the engine, and why each one tried before it was refused
 * @throws UserError where the chosen engine cannot run here (exit code 1), with its reason
 */
export async function selectEngine(
  choice: EngineChoice,
  work: "training" | "inference" = "training",
): Promise<{ engine: Engine; refused: Refusal[] }> {
  const refused: Refusal[] = [];
  const order = work === "training" ? engineNames : inferenceOrder;
  for (const name of choice === "auto" ? order : [choice]) {
    const probe = await probeEngine(name, choice === "auto" ? "auto" : "asked");
    if ("engine" in probe) return { engine: probe.engine, refused };
    refused.push({ name, reason: probe.reason });
  }
  if (choice !== "auto")
    throw new UserError(`The engine ${choice} cannot run here. ${refused[0].reason} Choose --engine auto or another one.`);
  const reasons = refused.map(({ name, reason }) => `${name}: ${reason}`).join(" ");
  throw new UserError(`No engine can run here. ${reasons} Run mnist-tui doctor to see what helps.`);
}
