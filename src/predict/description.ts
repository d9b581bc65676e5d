import { readCheckpointInfo } from "../run/checkpoint.js";
import type { CheckpointInfo } from "../run/checkpoint-info.js";
import type { ModelSource } from "./sources.js";

/** Trained models in words, for people. */

/** @returns "99.52 % on mnist", or the dataset alone where the checkpoint was not tested */
export function accuracyText({ metrics: { testAccuracy }, dataset }: Pick<CheckpointInfo, "metrics" | "dataset">): string {
  return testAccuracy === undefined ? `trained on ${dataset}` : `${(100 * testAccuracy).toFixed(2)} % on ${dataset}`;
}

/** @returns a line for each model, "model: compact, pretrained, 99.52 % on mnist"; the last one says how to choose another */
export async function modelLines(sources: readonly ModelSource[]): Promise<string[]> {
  const lines = await Promise.all(
    sources.map(async ({ dir, origin }) => {
      // A model that is being trained has no checkpoint before its first epoch.
      const info = await readCheckpointInfo(dir).catch(() => undefined);
      return `model: ${origin}, ${info ? accuracyText(info) : "no checkpoint yet"}`;
    }),
  );
  const { otherwise } = sources[sources.length - 1];
  return otherwise === undefined ? lines : [...lines.slice(0, -1), `${lines[lines.length - 1]}; ${otherwise}`];
}
