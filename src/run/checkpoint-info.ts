import * as z from "#zod";
import { classes } from "../model/logits.js";
import { UserError } from "../util/errors.js";
import { firstIssue } from "../util/schema-issue.js";

/** The content of a checkpoint's model.json. */

const infoSchema = z.object({
  /** Version of this file's format; filled in by saveCheckpoint. */
  format: z.literal(1).optional(),
  /** The model's name in its run: "simple-2". */
  model: z.string().optional(),
  run: z.string().optional(),
  preset: z.string(),
  kernels: z.array(z.number().int().positive()).optional(),
  dropout: z.number().optional(),
  dataset: z.string(),
  classNames: z.array(z.string()).length(classes),
  /** Pixels become (pixel / 255 − mean) / std before they enter the network. */
  normalization: z.object({ mean: z.number(), std: z.number().positive() }),
  epoch: z.number(),
  step: z.number().int().nonnegative(),
  /** testAccuracy, testLoss and other figures of the evaluation. */
  metrics: z.record(z.string(), z.number()),
  /** The trainer's own state as JSON, for an exact resume; nothing else reads it. */
  progress: z.unknown().optional(),
  /** SHA-256 of each tensor file, hex; filled in by saveCheckpoint. */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)).optional(),
});

/** A model.json before it is written. */
export type CheckpointInfo = z.infer<typeof infoSchema>;

/** A model.json on the disk: with the digests of its files. */
export type WholeInfo = CheckpointInfo & { files: Record<string, string> };

/**
 * @param path the file's name, for messages @param required a file that there has to be a digest of
 * @throws UserError naming the first fault
 */
export function parseInfo(path: string, bytes: Uint8Array, required: string): WholeInfo {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new UserError(`${path} is not JSON; use another checkpoint or train again.`);
  }
  const format = (json as { format?: unknown } | null)?.format;
  if (format !== 1) throw new UserError(`${path} has format ${JSON.stringify(format) ?? "none"}, this program reads format 1.`);
  const parsed = infoSchema.safeParse(json);
  const { files } = parsed.data ?? {};
  if (!parsed.success || !files?.[required]) {
    const fault = parsed.error ? firstIssue(parsed.error) : `no digest of ${required}`;
    throw new UserError(`${path} is not a checkpoint's description: ${fault}.`);
  }
  return { ...parsed.data, files };
}
