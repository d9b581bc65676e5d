/** The names that settings choose from. Without zod: a run's first steps read them before the table of settings is loaded. */

/** The first is the default. */
export const datasetNames = ["mnist", "fashion-mnist", "synthetic"] as const;
export type DatasetName = (typeof datasetNames)[number];

/** auto: the first engine that runs on this machine, in the order of engine/registry.ts. */
export const engineNames = ["auto", "native", "wasm", "reference", "cuda", "tensorflow", "webgpu"] as const;
export type EngineChoice = (typeof engineNames)[number];

/** Learning rate over the run; train/schedule.ts has the formula of each. */
export const scheduleNames = ["constant", "step", "cosine", "onecycle"] as const;
