import * as z from "#zod";
import { optimizerNames } from "../model/optimizers.js";
import { UserError } from "../util/errors.js";
import { isModelName } from "./entries.js";
import { datasets, engines, schedules } from "./settings.js";
import type { RunConfig } from "./types.js";

const count = z.int().min(1);
const notNegative = z.number().min(0);

const runConfig: z.ZodType<RunConfig> = z.object({
  run: z.string(),
  dataset: z.enum(datasets),
  limitTrain: count.optional(),
  limitTest: count.optional(),
  seed: z.int().min(0).max(4_294_967_295),
  engine: z.enum(engines),
  threads: z.int().min(0),
  tf32: z.boolean().optional(),
  models: z
    .array(
      z.object({
        name: z.string().refine(isModelName, "no name of a model's folder"),
        preset: z.string(),
        kernels: z.array(count).optional(),
        dropout: notNegative.optional(),
        epochs: count,
        batchSize: count,
        learningRate: z.number().positive(),
        optimizer: z.enum(optimizerNames),
        momentum: notNegative,
        weightDecay: notNegative,
        schedule: z.object({ type: z.enum(schedules), stepSize: count, gamma: notNegative, warmup: notNegative }),
        augment: z.object({
          rotate: notNegative,
          crop: z.object({ size: count, probability: notNegative }).optional(),
          shift: notNegative,
          scale: notNegative,
        }),
        earlyStop: z.int().min(0),
        minDelta: notNegative,
      }),
    )
    .min(1),
});

/**
 * @param stored the configuration in a run.json
 * @param file its path, for the message
 * @throws UserError where something in it cannot be trained with
 */
export function parseRunConfig(stored: unknown, file: string): RunConfig {
  const result = runConfig.safeParse(stored);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new UserError(`The configuration in ${file} cannot be resumed: config.${issue.path.join(".")}: ${issue.message}.`);
}
