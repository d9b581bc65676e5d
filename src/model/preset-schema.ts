import * as z from "#zod";
import { maxFilters } from "./model.js";

/**
 * How a preset file in config/presets reads. Names are not written there: they follow from the order (expand.ts).
 * This module is loaded by presets.ts on first use only, because zod takes about 30 ms to load.
 */

const filters = z.number().int().min(1).max(maxFilters);
const stride = z.union([z.literal(1), z.literal(2)]);

const layerSpec = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("conv"),
    filters,
    kernelSize: z.union([z.literal(1), z.literal(3)]).default(3),
    stride: stride.default(1),
    padding: z.enum(["same", "valid"]).default("same"),
    /** false where a batch norm follows, whose own bias would make it superfluous */
    bias: z.boolean().default(true),
  }),
  z.strictObject({ type: z.literal("batchNorm") }),
  z.strictObject({ type: z.literal("relu") }),
  z.strictObject({ type: z.literal("maxPool") }),
  z.strictObject({ type: z.literal("globalAveragePool") }),
  z.strictObject({ type: z.literal("flatten") }),
  z.strictObject({ type: z.literal("dropout"), rate: z.number().min(0).lt(1) }),
  z.strictObject({ type: z.literal("dense"), units: z.number().int().min(1).max(4096) }),
  /** The basic block of He et al. 2015 (arXiv:1512.03385) with its relu after the sum. */
  z.strictObject({ type: z.literal("residual"), filters, stride: stride.default(1) }),
]);

const presetSpec = z.strictObject({
  description: z.string(),
  /** The options of `train` that the preset's origin used instead of the defaults; src/config checks and reads them. */
  training: z.record(z.string(), z.unknown()).optional(),
  layers: z.array(layerSpec).min(1),
});

export type LayerSpec = z.infer<typeof layerSpec>;
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
