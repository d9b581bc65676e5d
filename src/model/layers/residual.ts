import type * as zod from "#zod";
import { formatShape } from "../shape.js";
import type { BatchNormLayer } from "./batch-norm.js";
import { type ConvLayer, filtersSchema, strideSchema } from "./conv.js";
import type { ReluLayer } from "./elementwise.js";
import { impossible, type LayerKind, type Zod } from "./kind.js";

/** body(x) + shortcut(x); an empty shortcut is the identity. The relu after the sum is a layer of its own. */
export interface ResidualLayer<Inner> {
  type: "residual";
  name: string;
  body: Inner[];
  shortcut: Inner[];
}

/** The basic block of He et al. 2015 (arXiv:1512.03385) with its relu after the sum. */
const schema = (z: Zod) => z.strictObject({ type: z.literal("residual"), filters: filtersSchema(z), stride: strideSchema(z) });

type Inner = ConvLayer | BatchNormLayer | ReluLayer;

export const residual: LayerKind<ResidualLayer<unknown>, zod.infer<ReturnType<typeof schema>>, ResidualLayer<Inner> | ReluLayer> = {
  schema,
  /** conv 3×3 (stride), BN, relu, conv 3×3, BN, plus the input, projected by conv 1×1 (stride), BN where the shape changes. */
  expand({ filters, stride }, nameOf, inputs) {
    const name = nameOf("layer");
    const convolution = (suffix: string, kernelSize: 1 | 3, convStride: 1 | 2): Inner => ({
      ...{ type: "conv", name: `${name}.${suffix}`, filters, kernelSize, stride: convStride, padding: "same", bias: false },
    });
    const norm = (suffix: string): Inner => ({ type: "batchNorm", name: `${name}.${suffix}` });
    const body = [convolution("conv1", 3, stride), norm("bn1"), { type: "relu" } as const, convolution("conv2", 3, 1), norm("bn2")];
    const shortcut = stride === 1 && inputs === filters ? [] : [convolution("shortcut.0", 1, stride), norm("shortcut.1")];
    return [{ type: "residual", name, body, shortcut }, { type: "relu" }];
  },
  outputShape(layer, _, [body, shortcut]) {
    if (formatShape(body) !== formatShape(shortcut))
      throw impossible(layer, `body and shortcut of one shape, got ${formatShape(body)} and ${formatShape(shortcut)}`);
    return body;
  },
  settings: ({ shortcut }) => (shortcut.length > 0 ? "sum with the projected input" : "sum with the input"),
  description: ({ shortcut }) => (shortcut.length > 0 ? "residual sum, projected" : "residual sum"),
};
