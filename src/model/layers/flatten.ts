import type * as zod from "#zod";
import { shapeSize } from "../shape.js";
import type { LayerKind, Zod } from "./kind.js";

/** One vector an image, in PyTorch's order: channel, row, column. */
export interface FlattenLayer {
  type: "flatten";
}

const schema = (z: Zod) => z.strictObject({ type: z.literal("flatten") });

export const flatten: LayerKind<FlattenLayer, zod.infer<ReturnType<typeof schema>>> = {
  schema,
  expand: (spec) => [spec],
  outputShape: (_, input) => [shapeSize(input), 1, 1],
  description: () => "flatten",
};
