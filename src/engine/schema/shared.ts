import { batchNormEpsilon, batchNormMomentum } from "../../model/layers/batch-norm.js";
import { classes } from "../../model/logits.js";
import { type OptimizerName, optimizers } from "../../model/optimizers.js";
import { imagePixels, imageSide } from "../../util/image-size.js";
import { streams } from "../../util/random.js";
import { type Constant, constant, type Enum } from "./fields.js";

/** Constants of the CPU engine's kernels and of CUDA's. */
export const sharedConstants = {
  imagePixels: constant(imagePixels, "Pixels of an input image."),
  imageWidth: constant(imageSide, "Pixels of a row of the input image; no layer widens it."),
  classes: constant(classes, "Logits of an image."),
  rateFloats: constant(3, "Of a step: learning rate, and Adam's two bias corrections 1 − β₁ᵗ and √(1 − β₂ᵗ)."),
  affineFloats: constant(6, "Of an image's augmentation: the matrix [a b c; d e f] from output pixels to source pixels."),
  batchNormEpsilon: constant(batchNormEpsilon, "Added to a variance before its root.", "float"),
  batchNormMomentum: constant(batchNormMomentum, "The batch's share in running statistics.", "float"),
  streamDropout: constant(streams.dropout, "The stream of dropout's random numbers (src/util/random.ts).", "uint32_t"),
};

/** Constants of the optimizers' formulas: `adamBeta1` and so on. */
export const optimizerConstants: Record<string, Constant> = Object.fromEntries(
  Object.entries(optimizers).flatMap(([name, { constants }]) =>
    Object.entries(constants).map(([symbol, value]) => [
      `${name}${symbol[0].toUpperCase()}${symbol.slice(1)}`,
      constant(value, "Constants of the optimizers' formulas (src/model/optimizers.ts).", "double"),
    ]),
  ),
);

/** Rows of the table of one batch norm. */
export const normalizeTable = {
  doc: "Rows of one batch norm's table; a row has one number for each channel. With x̂ = (x − mean) · inverse, y = weight · x̂ + bias = scale · x + shift.",
  prefix: "table",
  values: {
    scale: "",
    shift: "",
    mean: "",
    inverse: "1 / √(variance + ε)",
    meanDy: "backward: the batch's mean of dy",
    meanDyX: "backward: the batch's mean of dy · x̂",
  },
} as const satisfies Enum;

export const optimizer = {
  doc: "The optimizers of src/model/optimizers.ts, after PyTorch's of the same names.",
  prefix: "optimizer",
  values: Object.fromEntries(Object.keys(optimizers).map((name) => [name, ""])) as Readonly<Record<OptimizerName, string>>,
} as const satisfies Enum;
