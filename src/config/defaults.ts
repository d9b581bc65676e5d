import type { DatasetName } from "./types.js";

/** What holds where neither preset, file nor flag says otherwise. */
export const defaultEpochs = 5;
export const defaultBatchSize = 512;
export const defaultModels = "simple,residual";
export const defaultDataset: DatasetName = "mnist";
export const defaultCheckpointDir = "checkpoints";
export const defaultHttpPort = 5000;

/** PyTorch's StepLR needs a step size; a third of the usual 30 epochs and its own gamma. */
export const scheduleDefaults = { stepSize: 10, gamma: 0.1 };

export const splitSizes = { train: 60_000, test: 10_000 };
