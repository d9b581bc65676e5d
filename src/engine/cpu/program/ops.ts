import { field, type Op, type Struct, together } from "../../schema/fields.js";

/** The ops of the program, and the structs of their words: a part of the schema in schema.ts. */

const size = { height: field("count"), width: field("count") };
const blocks = field("count", "of 16 channels each");
const lists = {
  taps: field({ list: "Tap", count: "tapCount" }),
  tiles: field({ list: "Tile", count: "tileCount" }),
};
const chunk = {
  scratch: field("threadOffset", "of `chunk` transformed windows at a time"),
  chunk: field("count"),
};
const slots = field({ upTo: 2, of: "offset?" }, "the optimizer's, in the order of src/model/optimizers.ts");

/** Structs inside of ops. */
export const parts = {
  View: {
    doc: "The place of a feature map, and its strides.",
    fields: {
      scope: field("Scope"),
      offset: field("floats", "of the pixel (0, 0), inside the border, from the start of the scope's memory"),
      ...together("floats", ["image", "block", "row", "pixel"], "strides: from one image, block of channels, row, pixel to the next"),
    },
  },
  Tap: {
    doc: "One position of a convolution's kernel.",
    fields: {
      x: field("floats", "from an output pixel's first input pixel to the tap's"),
      w: field("index", "the row of a tile's weights with which the tap begins"),
    },
  },
  Tile: {
    doc: "Neighbouring vectors of outputs whose weights lie together, as [tap][input channel][vectors × V].",
    fields: {
      vectors: field("count"),
      first: field("index", "the first of them among all vectors of outputs"),
      weights: field("floats", "from the start of the layer's weights, or of their gradient"),
    },
  },
  WinogradSource: {
    doc: "A feature map that a Winograd op reads in windows. Pixels outside of the image and its border count as 0.",
    fields: {
      view: field("View"),
      ...size,
      border: field("count"),
      origin: field("i32", "row and column of the first window's first pixel"),
      ...together("count", ["blocks", "lastBlock"], "as in DotOp"),
    },
  },
  Activation: {
    doc: "out = dropout(pool(relu(normalize(in) + normalize(skip)))), every part optional.",
    fields: {
      in: field("View"),
      skip: field({ optional: "View" }),
      out: field("View"),
      result: field({ optional: "View" }, "backward: the output, whose sign tells where relu let through"),
      ...together("count", ["height", "width"], "of in"),
      blocks: field("count"),
      channels: field("count"),
      ...together("offset?", ["normalize", "skipNormalize"], "batch norms' tables"),
      hasSkip: field({ present: "skip" }),
      hasResult: field({ present: "result" }),
      relu: field("flag"),
      pool: field("flag"),
      dropoutIndex: field("index?", "the dropout layer's lane of random numbers"),
      dropoutThreshold: field("u32", "an element is kept where (random bits >> 8) >= threshold"),
      dropoutScale: field("f32"),
    },
  },
  Transpose: {
    doc: "A copy of a layer's weights for its input gradient: [tile][tap][output][vectors × V].",
    fields: {
      weights: field("offset"),
      taps: field("count"),
      inputs: field("count"),
      outputs: field("count"),
      tiles: field("offset", "Tile[] of the inputs"),
    },
  },
  WeightRange: {
    doc: "The part of a parameter that one task of the update takes: floats [from, from + count), and as many after every `step` floats, `pieces` times in all.",
    fields: {
      weights: field("offset"),
      ...together("floats", ["from", "count"]),
      pieces: field("count"),
      step: field("floats"),
      tile: field("Tile", "of the weights, in which the range lies"),
      transpose: field({ optional: "Transpose" }),
      hasTranspose: field({ present: "transpose" }),
    },
  },
} satisfies Record<string, Struct>;

/** The arguments of each op, behind its header. */
export const opStructs = {
  GatherOp: { doc: "The pixels of the group's images.", fields: { out: field("View"), ...size } },
  DotOp: {
    doc: "out[pixel][o] = Σ over taps, i of in[pixel + tap][i] · w[tap][i][o], bias, relu: convolutions, their input gradients (weights flipped), dense layers (a pixel is an image).",
    fields: {
      in: field("View"),
      out: field("View"),
      ...size,
      ...together("floats", ["rowStep", "pixelStep"], "of the input, from one output row or pixel to the next: the stride is in here"),
      imagesArePixels: field("flag", "dense: the group's images are the pixels of one row"),
      ...together("count", ["blocks", "lastBlock"], "blocks of the input, and channels of the last one"),
      blockSize: field("count", "channels of the others: 16, 1 of the input image, or all of a dense layer's"),
      weights: field("offset"),
      bias: field("offset?"),
      relu: field("flag"),
      accumulate: field("flag"),
      ...lists,
    },
  },
  OuterOp: {
    doc: "gradient[tap][i][o] += Σ over images and pixels of in[pixel + tap][i] · out[pixel][o], into the task's lane.",
    fields: {
      in: field("View"),
      out: field("View"),
      ...size,
      rowStep: field("floats"),
      pixelStep: field("floats"),
      ...together("count", ["blocks", "lastBlock", "blockSize"], "as in DotOp"),
      gradient: field("offset", "lane 0's"),
      ...lists,
    },
  },
  WinogradOp: {
    doc: "A DotOp of 3×3 taps and stride 1, in windows of tileSide² outputs. A tile's weights are [(tileSide + 2)²][input channel][vectors × V].",
    fields: {
      tileSide: field("count", "3, 4, 5 or 7"),
      in: field("WinogradSource"),
      out: field("View"),
      ...together("count", ["height", "width"], "of the output"),
      weights: field("offset"),
      bias: field("offset?"),
      relu: field("flag"),
      accumulate: field("flag"),
      ...chunk,
      tiles: lists.tiles,
    },
  },
  WinogradOuterOp: {
    doc: "An OuterOp of 3×3 taps and stride 1.",
    fields: {
      tileSide: field("count"),
      in: field("WinogradSource"),
      out: field("WinogradSource"),
      ...together("count", ["height", "width"], "of the convolution's output"),
      gradient: field("offset", "lane 0's"),
      sums: field("threadOffset", "from the task's first group to its last: [tile][position][input channel][vectors × V]"),
      ...chunk,
      tiles: lists.tiles,
    },
  },
  WinogradWeightsOp: {
    doc: "The transformed weights of a part of one tile's [input channel][vectors × V]: `columns` floats of `rows` rows.",
    fields: {
      tileSide: field("count"),
      from: field("offset", "[9][size]"),
      to: field("offset", "[(tileSide + 2)²][size]"),
      ...together("floats", ["size", "width"], "of the whole, and of one of its rows"),
      row: field("index"),
      rows: field("count"),
      column: field("index"),
      columns: field("count"),
      flip: field("flag", "for input gradients"),
    },
  },
  ActivateOp: { doc: "", fields: { a: field("Activation") } },
  ActivateBackOp: {
    doc: "The way back through an activation, which computes the forward values a second time instead of reading them.",
    fields: {
      a: field("Activation", "a.out: the gradient of the output"),
      dIn: field({ optional: "View" }),
      dSkip: field({ optional: "View" }),
      hasDIn: field({ present: "dIn" }),
      accumulateDIn: field("flag"),
      hasDSkip: field({ present: "dSkip" }),
      accumulateDSkip: field("flag"),
      sums: field("offset?", "reduce: doubles of lane 0, [SumsRow][padded channels]"),
    },
  },
  StatisticsOp: {
    doc: "Sums for the mean and the variance of every channel.",
    fields: {
      in: field("View"),
      ...size,
      blocks,
      sums: field("offset", "doubles of lane 0, [2][padded channels]: x, x²"),
    },
  },
  PoolOp: {
    doc: "Pooling that no activation takes along. Backward, `in` is the gradient to write or to add to, and `out` that of the output.",
    fields: {
      in: field("View"),
      out: field("View"),
      ...together("count", ["height", "width"], "of in"),
      blocks,
      accumulate: field("flag"),
    },
  },
  LossOp: { doc: "", fields: { logits: field("View"), dLogits: field("View") } },
  ProbabilitiesOp: { doc: "", fields: { logits: field("View") } },
  ColumnSumOp: {
    doc: "The gradient of a bias: the sum over images and pixels, into the task's lane.",
    fields: { in: field("View"), ...size, blocks, gradient: field("offset", "lane 0's") },
  },
  NormalizeFinishOp: {
    doc: "Between two phases: from the sums of all lanes to a table and running statistics.",
    fields: {
      tables: field("offset"),
      sums: field("offset"),
      channels: field("count"),
      pixels: field("count"),
      weight: field("offset"),
      bias: field("offset"),
      runningMean: field("offset"),
      runningVariance: field("offset"),
    },
  },
  NormalizeBackFinishOp: {
    doc: "Between two phases: from the backward sums of all lanes to the table's means and the gradients of weight and bias.",
    fields: {
      tables: field("offset"),
      sums: field("offset"),
      sumsOfX: field("SumsRow", "the row of dy · x̂ that belongs to this batch norm"),
      channels: field("count"),
      pixels: field("count"),
      ...together("offset", ["weightGradient", "biasGradient"], "lane 0's; other lanes are not used"),
    },
  },
  NormalizeInferenceOp: {
    doc: "The table out of the running statistics.",
    fields: {
      tables: field("offset"),
      channels: field("count"),
      weight: field("offset"),
      bias: field("offset"),
      runningMean: field("offset"),
      runningVariance: field("offset"),
    },
  },
  LossFinishOp: { doc: "", fields: {} },
  UpdateLanesOp: {
    doc: "The optimizer's step for weights whose gradient lies in the lanes.",
    fields: {
      range: field("WeightRange"),
      slots,
      gradient: field("offset", "lane 0's, in the order of the weights"),
      firstLaneOnly: field("flag", "else the gradient is the sum of all lanes of the step"),
    },
  },
  UpdateDenseOp: {
    doc: "The optimizer's step for rows of one tile of a dense layer, whose gradient is computed here, over the batch.",
    fields: {
      range: field("WeightRange"),
      slots,
      ...together("View", ["in", "out"], "batch scope: the layer's input, and the gradient of its output"),
      scratch: field("threadOffset", "for the gradient, as large as the range"),
    },
  },
  TransposeOp: { doc: "Makes the transposed copy of a range.", fields: { range: field("WeightRange") } },
} satisfies Record<string, Struct>;

/**
 * The ops, in the order of their numbers. A new one needs an entry here and, where no other op has its words, a struct above; its kernel in native/; and a
 * function in compile/ that makes its instruction, except for a pool, whose ops have the name of its layer.
 */
export const ops = {
  gather: { struct: "GatherOp", execute: "gather::execute", file: "gather.h", doc: "the batch's pixels, augmented and normalized" },
  dot: { struct: "DotOp", execute: "dot::execute", file: "dot.h", doc: "products with weights" },
  outer: { struct: "OuterOp", execute: "outer::execute", file: "outer.h", doc: "weight gradients" },
  activate: {
    struct: "ActivateOp",
    execute: "activation::execute",
    file: "activation.h",
    doc: "element by element: batch norm, residual sum, relu, pool, dropout",
  },
  activateBackReduce: {
    struct: "ActivateBackOp",
    execute: "activation::reduce",
    file: "activation_back.h",
    doc: "its backward sums for batch norm",
  },
  activateBackApply: { struct: "ActivateBackOp", execute: "activation::back", file: "activation_back.h", doc: "its gradients" },
  statistics: { struct: "StatisticsOp", execute: "normalize::statistics", file: "normalize.h", doc: "batch norm's sums" },
  globalAveragePool: { struct: "PoolOp", execute: "pool::globalAverage", file: "pool.h", doc: "global average pooling" },
  globalAveragePoolBack: { struct: "PoolOp", execute: "pool::globalAverageBack", file: "pool.h", doc: "its gradient" },
  loss: { struct: "LossOp", execute: "loss::execute", file: "loss.h", doc: "softmax cross-entropy and its gradient" },
  columnSum: { struct: "ColumnSumOp", execute: "outer::columnSum", file: "outer.h", doc: "bias gradients" },
  normalizeFinish: { struct: "NormalizeFinishOp", execute: "normalize::finish", file: "normalize.h", doc: "batch norm's tables, training" },
  normalizeBackFinish: {
    struct: "NormalizeBackFinishOp",
    execute: "normalize::backFinish",
    file: "normalize.h",
    doc: "batch norm's gradients",
  },
  normalizeInference: {
    struct: "NormalizeInferenceOp",
    execute: "normalize::inference",
    file: "normalize.h",
    doc: "batch norm's tables, inference",
  },
  lossFinish: { struct: "LossFinishOp", execute: "loss::finish", file: "loss.h", doc: "the loss of a step" },
  updateLanes: {
    struct: "UpdateLanesOp",
    execute: "update::lanes",
    file: "update.h",
    doc: "the optimizer's step, gradients summed over lanes",
  },
  updateDense: { struct: "UpdateDenseOp", execute: "update::dense", file: "update.h", doc: "gradient and step of a dense layer's weights" },
  probabilities: { struct: "ProbabilitiesOp", execute: "loss::probabilities", file: "loss.h", doc: "the outputs of inference" },
  winograd: {
    struct: "WinogradOp",
    execute: "winograd::execute",
    file: "winograd.h",
    doc: "products with weights by Winograd's algorithm",
  },
  winogradOuter: {
    struct: "WinogradOuterOp",
    execute: "winograd::execute",
    file: "winograd.h",
    doc: "weight gradients by Winograd's algorithm",
  },
  winogradWeights: { struct: "WinogradWeightsOp", execute: "winograd::execute", file: "winograd.h", doc: "Winograd's form of weights" },
  transpose: { struct: "TransposeOp", execute: "update::transpose", file: "update.h", doc: "the transposed copy of weights" },
} as const satisfies Record<string, Op & { struct: keyof typeof opStructs }>;
