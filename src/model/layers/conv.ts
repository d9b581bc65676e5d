import type * as zod from "#zod";
import { formatShape, type Shape, shapeSize } from "../shape.js";
import { checkPositive, impossible, type LayerKind, uniform, type Zod } from "./kind.js";

/** torch.nn.Conv2d with a square kernel. */
export interface ConvLayer {
  type: "conv";
  name: string;
  filters: number;
  kernelSize: 1 | 3;
  stride: 1 | 2;
  padding: "same" | "valid";
  bias: boolean;
}

/** Widest convolution that may be asked for. */
export const mostFilters = 512;

export const filtersSchema = (z: Zod) => z.number().int().min(1).max(mostFilters);
export const strideSchema = (z: Zod) => z.union([z.literal(1), z.literal(2)]).default(1);

const schema = (z: Zod) =>
  z.strictObject({
    type: z.literal("conv"),
    filters: filtersSchema(z),
    kernelSize: z.union([z.literal(1), z.literal(3)]).default(3),
    stride: strideSchema(z),
    padding: z.enum(["same", "valid"]).default("same"),
    /** false where a batch norm follows, whose own bias would make it superfluous */
    bias: z.boolean().default(true),
  });

/** Pixels of zeros on every side. 'same' keeps the size at stride 1: one for 3×3, none for 1×1; PyTorch's padding=1 at stride 2. */
export function convPadding({ kernelSize, padding }: Pick<ConvLayer, "kernelSize" | "padding">): 0 | 1 {
  return padding === "same" && kernelSize === 3 ? 1 : 0;
}

export const conv: LayerKind<ConvLayer, zod.infer<ReturnType<typeof schema>>> = {
  schema,
  expand: (spec, nameOf) => [{ ...spec, name: nameOf("conv") }],
  /** Floor division as in PyTorch. */
  outputShape(layer, input): Shape {
    const { filters, kernelSize, stride } = layer;
    checkPositive(layer, "filters", filters);
    const [, height, width] = input;
    const padding = convPadding(layer);
    const least = kernelSize - 2 * padding;
    if (height < least || width < least) throw impossible(layer, `an image of at least ${least}×${least}, got ${formatShape(input)}`);
    const along = (n: number) => Math.floor((n + 2 * padding - kernelSize) / stride) + 1;
    return [filters, along(height), along(width)];
  },
  parameters({ filters, kernelSize, bias }, [inputs]) {
    const initial = uniform(inputs * kernelSize ** 2);
    const weight = { part: "weight", shape: [filters, inputs, kernelSize, kernelSize], trainable: true, initial };
    return bias ? [weight, { part: "bias", shape: [filters], trainable: true, initial }] : [weight];
  },
  multiplyAdds: ({ kernelSize }, [inputs], output) => shapeSize(output) * inputs * kernelSize ** 2,
  settings: ({ filters, kernelSize, stride, padding, bias }) =>
    [
      `${filters} filters ${kernelSize}×${kernelSize}`,
      ...(stride === 1 ? [] : [`stride ${stride}`]),
      ...(padding === "same" ? [] : ["valid"]),
      ...(bias ? [] : ["no bias"]),
    ].join(", "),
  description: ({ filters, kernelSize, stride, padding }) =>
    `conv ${kernelSize}×${kernelSize}, ${filters}${stride > 1 ? `, stride ${stride}` : ""}${padding === "valid" ? ", valid" : ""}`,
};
