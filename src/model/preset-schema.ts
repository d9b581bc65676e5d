import * as z from "#zod";
import { type LayerSpec, layerKinds } from "./layers.js";

/**
 * How a preset file in config/presets reads.
 * This module is loaded by presets.ts on first use only, because zod takes about 30 ms to load.
 */

const layerSchemas = Object.values(layerKinds).map((kind) => kind.schema(z)) as unknown as [z.ZodObject, ...z.ZodObject[]];
const layerSpec = z.discriminatedUnion("type", layerSchemas) as unknown as z.ZodType<LayerSpec>;

const presetSpec = z.strictObject({
  description: z.string(),
  /** The options of `train` that the preset's origin used instead of the defaults; src/config checks and reads them. */
  training: z.record(z.string(), z.unknown()).optional(),
  layers: z.array(layerSpec).min(1),
});

export type PresetSpec = z.infer<typeof presetSpec>;

/**
 * @param data the parsed JSON of a preset file
 * @param file its name, for the message
 * @throws Error saying where the file is wrong: it is part of the program, so the fault is not the user's
 */
export function parsePreset(data: unknown, file: string): PresetSpec {
  const result = presetSpec.safeParse(data);
  if (!result.success) throw new Error(`${file} is no valid preset: ${z.prettifyError(result.error)}`);
  return result.data;
}
