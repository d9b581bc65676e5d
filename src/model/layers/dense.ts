import type * as zod from "#zod";
import { formatShape, type Shape } from "../shape.js";
import { checkPositive, impossible, type LayerKind, uniform, type Zod } from "./kind.js";

/** torch.nn.Linear with a bias. */
export interface DenseLayer {
  type: "dense";
  name: string;
  units: number;
}

const schema = (z: Zod) => z.strictObject({ type: z.literal("dense"), units: z.number().int().min(1).max(4096) });

export const dense: LayerKind<DenseLayer, zod.infer<ReturnType<typeof schema>>> = {
  schema,
  expand: ({ units }, nameOf) => [{ type: "dense", name: nameOf("fc"), units }],
  outputShape(layer, input): Shape {
    checkPositive(layer, "units", layer.units);
    const [, height, width] = input;
    if (height !== 1 || width !== 1)
      throw impossible(layer, `a flat input, got ${formatShape(input)}: put flatten or globalAveragePool before it`);
    return [layer.units, 1, 1];
  },
  parameters({ units }, [inputs]) {
    const initial = uniform(inputs);
    return [
      { part: "weight", shape: [units, inputs], trainable: true, initial },
      { part: "bias", shape: [units], trainable: true, initial },
    ];
  },
  multiplyAdds: ({ units }, [inputs]) => units * inputs,
  settings: ({ units }) => `${units} units`,
  description: ({ units }) => `dense ${units}`,
};
