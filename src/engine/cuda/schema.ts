import { constant, field, type Schema, type Struct, sizeOf, together, valuesOf } from "../schema/fields.js";
import { normalizeTable, optimizer, optimizerConstants, sharedConstants } from "../schema/shared.js";

/** The structs that the host writes and the kernels of native/cuda read. native/cuda/program.gen.cuh is made of this by `npm run build:program`. */

const described = {
  ...sharedConstants,
  logitFloats: constant(12, "Floats of an image's logits in memory: classes filled up to whole quads."),
  lossThreads: constant(512, "Threads of the block that makes the loss of a step."),
  columnThreads: constant(256, "Threads of a block that adds up columns."),
  blockQuads: constant(64, "Quads of channels that one such block takes at the most; blocks along y take the others.", "uint32_t"),
  updateThreads: constant(128, "Threads of a block of the update, each with a quad of parameters."),
} as const;

const structs = {
  Divisor: {
    doc: "A division by a number that the host knows: for 0 ≤ n < 2³¹, n / divisor = ⌊n · magic / 2³²⌋ / 2^shift. A magic of 0 means divisor 1.",
    fields: { divisor: field("u32"), magic: field("u32"), shift: field("u32") },
    from: divisor,
  },
  Run: {
    doc: "All that changes between steps and chunks, in device memory: so every step has the same launches, recorded as a graph. The host writes it before a chunk; the last kernel of a step advances it.",
    fields: {
      images: field({ pointer: "const uint8_t" }, "[n, 28, 28]"),
      labels: field({ pointer: "const uint8_t" }, "[n]"),
      pixels: field({ pointer: "const float" }, "[n, 28, 28] in [0, 1], in place of images where not null"),
      indices: field({ pointer: "const uint32_t" }, "[steps, N]; null: images from `first` on"),
      affine: field({ pointer: "const float" }, "[steps, N, 6]; null: none"),
      rates: field({ pointer: "const float" }, "[steps, 3]: learning rate, 1 − β₁ᵗ, √(1 − β₂ᵗ)"),
      loss: field({ pointer: "float" }, "[steps]; inference: [n]"),
      correct: field({ pointer: "uint32_t" }, "[steps]; inference: [n] predictions"),
      outputs: field({ pointer: "float" }, "inference: [n, 10] probabilities where there are labels, else logits"),
      position: field("u32", "of the step in the chunk"),
      step: field("u32", "optimizer steps taken before"),
      seed: field("u32"),
      first: field("u32", "inference: number of the batch's first image"),
    },
  },
  Segment: {
    doc: "The gradient of parameters that lie beside each other in the arenas.",
    fields: {
      gradient: field({ pointer: "const float" }, "[parts, count], to be summed"),
      ...together("u32", ["first", "count"], "in the arenas, in floats; multiples of 4"),
      parts: field("u32"),
    },
  },
  UpdateBlock: {
    doc: "A block of the update: a segment, and the range of its floats that the block updates, all of one parameter.",
    fields: { segment: field("u32"), from: field("u32"), end: field("u32") },
  },
  Patches: {
    doc: "The layout of an image's pixels for the first layer.",
    fields: {
      inputs: field("i32", "K²"),
      stride: field("i32"),
      padding: field("i32"),
      outputPixels: field("i32"),
      ...together("Divisor", ["kernel", "outputWidth", "quads"], "K, Q, C4 / 4"),
    },
  },
  Conv: {
    doc: "The geometry of a convolution, in the letters of common.cuh.",
    fields: {
      ...together("i32", ["inputs", "outputs"], "C4, O4"),
      ...together("i32", ["height", "width"], "H, W"),
      kernel: field("i32"),
      stride: field("i32"),
      padding: field("i32"),
      ...together("Divisor", ["outputHeight", "outputWidth"], "P, Q"),
      ...together("Divisor", ["partHeight", "partWidth"], "⌈H / S⌉, ⌈W / S⌉"),
      ...together("Divisor", ["inputQuads", "outputQuads"], "C4 / 4, O4 / 4"),
    },
  },
  Activation: {
    doc: "An activation's windows are pixels, or those of a 2×2 max pool: forward ⌊H/2⌋×⌊W/2⌋, backward ⌈H/2⌉×⌈W/2⌉, so that pixels dropped by the pool get zero gradients.",
    fields: {
      ...together("i32", ["height", "width"], "of in"),
      images: field("i32"),
      isRelu: field("flag"),
      dropout: field("i32", "ordinal of the dropout layer; −1: none"),
      dropoutThreshold: field("u32", "⌈rate · 2²⁴⌉"),
      dropoutScale: field("f32"),
      ...together("u32", ["dropoutChannels", "dropoutPixels"], "of the [C, H, W] in whose order its random numbers are counted"),
      dropoutMemory: field("Divisor", "the C4 of that shape"),
      quads: field("Divisor"),
      windowsDown: field("Divisor"),
      windowsAcross: field("Divisor"),
    },
  },
  Pool: {
    doc: "The geometry of a pool.",
    fields: {
      quads: field("Divisor", "C4 / 4"),
      ...together("Divisor", ["height", "width"], "of the input: H, W"),
      ...together("Divisor", ["outHeight", "outWidth"], "P, Q"),
    },
  },
} satisfies Record<string, Struct>;

export const cudaSchema = {
  constants: { ...described, ...optimizerConstants },
  enums: { TableRow: normalizeTable, Optimizer: optimizer },
  structs,
} as const satisfies Schema;

export const constants = valuesOf(described);
/** Rows of a batch norm's table. */
export const tableRows = sizeOf(cudaSchema.enums.TableRow);

/**
 * A division by d as a multiplication, for numerators below 2³¹: magic = ⌊2^(31 + l) / d⌋ + 1 with l = ⌈log2 d⌉ (Granlund and Montgomery 1994, theorem
 * 4.2).
 */
export function divisor(d: number): { divisor: number; magic: number; shift: number } {
  if (d === 1) return { divisor: 1, magic: 0, shift: 0 };
  const l = BigInt(Math.ceil(Math.log2(d)));
  return { divisor: d, magic: Number((1n << (31n + l)) / BigInt(d) + 1n), shift: Number(l - 1n) };
}
