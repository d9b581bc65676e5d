import type * as zod from "#zod";
import type { LayerKind, Zod } from "./kind.js";

/** torch.nn.BatchNorm2d. */
export interface BatchNormLayer {
  type: "batchNorm";
  name: string;
}

/** PyTorch's default. */
export const batchNormEpsilon = 1e-5;
/** PyTorch's meaning: running = (1 − momentum) · running + momentum · batch, with the unbiased batch variance. */
export const batchNormMomentum = 0.1;

const schema = (z: Zod) => z.strictObject({ type: z.literal("batchNorm") });

export const batchNorm: LayerKind<BatchNormLayer, zod.infer<ReturnType<typeof schema>>> = {
  schema,
  expand: (_, nameOf) => [{ type: "batchNorm", name: nameOf("bn") }],
  outputShape: (_, input) => input,
  parameters: (_, [channels]) => [
    { part: "weight", shape: [channels], trainable: true, initial: { value: 1 } },
    { part: "bias", shape: [channels], trainable: true, initial: { value: 0 } },
    { part: "running_mean", shape: [channels], trainable: false, initial: { value: 0 } },
    { part: "running_var", shape: [channels], trainable: false, initial: { value: 1 } },
  ],
  description: () => "batch norm",
};
