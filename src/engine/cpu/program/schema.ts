import { constant, field, type Schema, type Struct, sizeOf, together, valuesOf } from "../../schema/fields.js";
import { normalizeTable, optimizer, optimizerConstants, sharedConstants } from "../../schema/shared.js";
import { versionOf } from "../../schema/version.js";
import { opStructs, ops, parts } from "./ops.js";

/**
 * The program that the CPU engine compiles from a model: 32-bit words in the arena, read by native/run.h. native/program.gen.h is made of this by
 * `npm run build:program`, and TypeScript encodes by it: see encode.ts. The ops are in ops.ts.
 */

const described = {
  ...sharedConstants,
  blockChannels: constant(
    16,
    "Channels of a block. Feature maps are [block][row][column][16]: the distance of neighbouring pixels is a compile-time constant.",
  ),
  mostTileVectors: constant(4, "Vectors of the widest tile that the kernels have."),
  laneLossDoubles: constant(2, "Of a lane: its images' cross-entropies, and how many of them were classified correctly."),
  counterWords: constant(16, "Words from one counter that threads share to the next: a cache line."),
  barrierWords: constant(32, "Words of the barrier: arrived threads and generation, a cache line each."),
  noGate: constant(-1, "In place of a gate: the op has none."),
  sameTask: constant(-2, "In place of a gate: the op is no task of its own, but ends the task of the op before."),
} as const;

const scope = {
  doc: "The memory of a feature map, and for how many images.",
  prefix: "scope",
  values: {
    batch: "the arena, every image of the batch",
    task: "the thread's memory, every image of the running task",
    group: "the thread's memory, every image of the running group",
  },
} as const;

type Kinds = { readonly [K in keyof typeof ops]: string };

const structs = {
  Op: {
    doc: "The header of every op.",
    fields: {
      kind: field("Kind"),
      words: field("count", "of this op, header included"),
      id: field("index", "its row in the profile"),
      gate: field(
        "i32",
        "or noGate, sameTask. Ops of images: the gate that every task passes behind it. Of the update: the one that all tasks must have passed",
      ),
    },
  },
  ...parts,
  ...opStructs,
  Stage: {
    doc: "Ops that take the same number of images at a time. They stand behind it.",
    fields: { group: field("count", "images at a time"), ops: field("count"), words: field("count", "with its ops") },
  },
  Phase: {
    doc: "The work between two barriers. Behind it stand its stages, and then the ops that the last thread runs alone.",
    fields: {
      words: field("count", "with all that follows"),
      perImage: field(
        "flag",
        "1: tasks are runs of images, and every stage runs. 0: tasks are the ops of the one stage, some of several ops (sameTask)",
      ),
      tasks: field("count", "where perImage is 0"),
      early: field("flag", "a task may begin while other phases run, once its op's gate has been passed"),
      stages: field("count"),
      finishOps: field("count"),
    },
  },
  Program: {
    doc: "The header of a program, with all that changes from call to call. TypeScript writes it before each run.",
    fields: {
      threads: field("count"),
      code: field("offset"),
      phases: field("count"),
      steps: field("count"),
      batch: field("count"),
      taskImages: field("count"),
      threadMemory: field("offset"),
      threadStride: field("floats", "from one thread's memory to the next's"),
      barrier: field("offset", "of the barrier, behind which stand counters: of tasks taken [phase][thread], and of tasks past each gate"),
      gates: field("count"),
      ...together("offset?", ["images", "labels"], "uint8"),
      floatImages: field("offset?", "[batch × 784] in [0, 1], where there are no `images`"),
      indices: field("offset?", "uint32 [steps × batch]; none: image i is number i"),
      affine: field("offset?", "[steps × batch × 6]; none: no augmentation"),
      mean: field("f32"),
      inverseDeviation: field("f32"),
      loss: field("offset?", "training: [steps]; inference: [batch], where there are labels"),
      correct: field("offset?", "training: [steps]"),
      probabilities: field("offset?", "inference: [batch × 16], logits where there are no labels"),
      laneLoss: field("offset", "doubles [lanes × 2]"),
      seed: field("u32"),
      firstStep: field("count", "optimizer steps taken before"),
      optimizer: field("Optimizer"),
      momentum: field("f32"),
      weightDecay: field("f32"),
      rates: field("offset?", "[steps × 3]"),
      laneStride: field("floats", "from one lane's gradients to the next lane's"),
      sumStride: field("count", "doubles from one lane's sums to the next lane's"),
      profile: field("offset?", "doubles [threads × ops]: seconds spent in each op, added to"),
      ops: field("count"),
      norms: field("offset", "doubles [ops]: squared norm of the gradient that each op of the update has seen last"),
    },
  },
} satisfies Record<string, Struct>;

export const cpuSchema = {
  constants: { ...described, ...optimizerConstants },
  enums: {
    Scope: scope,
    Kind: {
      doc: "The kinds of ops.",
      prefix: "op",
      first: 1,
      values: Object.fromEntries(Object.entries(ops).map(([name, { doc }]) => [name, doc])) as Kinds,
    },
    NormalizeTable: normalizeTable,
    SumsRow: {
      doc: "Rows of the sums that opActivateBackReduce makes.",
      prefix: "sums",
      values: { dy: "", dyX: "of dy · x̂, for the input's batch norm", dyXOfSkip: "and for the skip's" },
    },
    Optimizer: optimizer,
  },
  structs,
  ops,
} as const satisfies Schema;

export const constants = valuesOf(described);
/** Rows of a batch norm's table, and of the sums of its backward pass. */
export const tableRows = sizeOf(cpuSchema.enums.NormalizeTable);
export const sumsRows = sizeOf(cpuSchema.enums.SumsRow);
/** Kernels that were built for another schema are refused: they would read the program wrongly. */
export const programVersion = versionOf(cpuSchema);
