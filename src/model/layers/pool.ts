import type * as zod from "#zod";
import { formatShape, type Shape } from "../shape.js";
import { impossible, type LayerKind, type Zod } from "./kind.js";

/** 2×2, stride 2; an odd last row or column is dropped. */
export interface MaxPoolLayer {
  type: "maxPool";
}

/** Each channel's mean over all pixels. */
export interface GlobalAveragePoolLayer {
  type: "globalAveragePool";
}

export type PoolLayer = MaxPoolLayer | GlobalAveragePoolLayer;

const maxPoolSchema = (z: Zod) => z.strictObject({ type: z.literal("maxPool") });
const globalAveragePoolSchema = (z: Zod) => z.strictObject({ type: z.literal("globalAveragePool") });

const maxPool: LayerKind<MaxPoolLayer, zod.infer<ReturnType<typeof maxPoolSchema>>> = {
  schema: maxPoolSchema,
  expand: (spec) => [spec],
  outputShape(layer, input): Shape {
    const [channels, height, width] = input;
    if (height < 2 || width < 2) throw impossible(layer, `an image of at least 2×2, got ${formatShape(input)}`);
    return [channels, height >> 1, width >> 1];
  },
  settings: () => "2×2",
  description: () => "max pool 2×2",
};

const globalAveragePool: LayerKind<GlobalAveragePoolLayer, zod.infer<ReturnType<typeof globalAveragePoolSchema>>> = {
  schema: globalAveragePoolSchema,
  expand: (spec) => [spec],
  outputShape: (_, [channels]) => [channels, 1, 1],
  description: () => "global average pool",
};

export const pools = { maxPool, globalAveragePool };
