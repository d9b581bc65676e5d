import type * as zod from "#zod";
import { impossible, type LayerKind, type Zod } from "./kind.js";

/** max(x, 0) */
export interface ReluLayer {
  type: "relu";
}

/** Inverted dropout: in training each value is 0 with probability `rate`, else scaled by 1 / (1 − rate). */
export interface DropoutLayer {
  type: "dropout";
  rate: number;
}

const reluSchema = (z: Zod) => z.strictObject({ type: z.literal("relu") });
const dropoutSchema = (z: Zod) => z.strictObject({ type: z.literal("dropout"), rate: z.number().min(0).lt(1) });

export const relu: LayerKind<ReluLayer, zod.infer<ReturnType<typeof reluSchema>>> = {
  schema: reluSchema,
  expand: (spec) => [spec],
  outputShape: (_, input) => input,
  description: () => "relu",
};

export const dropout: LayerKind<DropoutLayer, zod.infer<ReturnType<typeof dropoutSchema>>> = {
  schema: dropoutSchema,
  expand: (spec) => [spec],
  outputShape(layer, input) {
    if (!(layer.rate >= 0 && layer.rate < 1)) throw impossible(layer, `a rate in [0, 1), got ${layer.rate}`);
    return input;
  },
  settings: ({ rate }) => `rate ${rate}`,
  description: ({ rate }) => `dropout ${rate}`,
};
