import * as z from "#zod";
import { UserError } from "../util/errors.js";
import { firstIssue } from "../util/schema-issue.js";
import { isModelName } from "./folder-names.js";
import { nested } from "./nesting.js";
import type { Setting } from "./setting.js";
import { modelKeys, runKeys, type SettingKey, settings } from "./settings.js";
import type { RunConfig } from "./types.js";

const runConfig = z.object({
  run: z.string(),
  ...fields(runKeys),
  models: z
    .array(
      z.object({ name: z.string().refine(isModelName, "expects the name of a model's folder"), preset: z.string(), ...fields(modelKeys) }),
    )
    .min(1),
});

/**
 * @param stored the configuration in a run.json
 * @param file its path, for the message
 * @throws UserError where a run cannot go on with it
 */
export function parseRunConfig(stored: unknown, file: string): RunConfig {
  const result = runConfig.safeParse(stored);
  if (result.success) return result.data as unknown as RunConfig;
  throw new UserError(`The configuration in ${file} cannot be resumed: ${firstIssue(result.error, ["config"])}.`);
}

/** @returns the fields of an object that holds the settings, nested as they are stored */
function fields(keys: readonly SettingKey[]): Record<string, z.ZodType> {
  const shapes = Object.entries(nested(keys, (key) => storedSchema(settings[key] as Setting)));
  return Object.fromEntries(shapes.map(([name, shape]) => [name, shape instanceof z.ZodType ? shape : z.object(shape as z.ZodRawShape)]));
}

/** The stored value is one of the setting's, or its default. A run from before there was the setting has trained with the default. */
function storedSchema({ schema, default: usual }: Setting): z.ZodType {
  if (usual === undefined) return schema.optional();
  if (typeof usual === "function") return schema;
  const known = schema.safeParse(usual).success ? schema : z.union([schema, z.literal(usual as number)]);
  return known.default(usual);
}
