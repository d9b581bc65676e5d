import type { SessionOptions } from "../../contract/session.js";
import { type Offset, offsetBy } from "../../schema/fields.js";
import type { Allocator } from "../memory/allocator.js";
import { padded } from "../memory/feature-map.js";
import { Store } from "../memory/store.js";
import { type StructFields, structWords } from "../program/encode.js";
import { constants } from "../program/schema.js";
import { type Assembled, assemble } from "./assemble.js";
import type { Instruction } from "./instruction.js";
import { lower } from "./lower.js";

const { barrierWords, counterWords, laneLossDoubles } = constants;

/**
 * The batch is cut into lanes of at least this many images, each with a gradient of its own: into many, so that no thread waits long for the
 * last one, or into few where summing the gradients of many would take longer.
 */
const leastLaneImages = 8;
const [manyLanes, fewLanes] = [32, 16];
/** Floats of all lanes' gradients up to which there are many. */
const manyLanesFloats = 4 * 2 ** 20;
/** Images of one task of inference: whole register tiles of a dense layer, and few, for their activations should fit the second-level cache. */
export const inferenceImages = 14;

export type ProgramFields = StructFields<"Program">;

/** A program in the arena. */
export interface PlacedProgram {
  /** Where its header lies, to be written before each run. */
  header: Offset;
  /** Its words, to be written once, and where. */
  code: Int32Array;
  codeAt: Offset;
  /** Of the phase that prepares the weights, where there is one. */
  preparation?: Pick<ProgramFields, "code" | "phases">;
  /** The header's fields that are the same in every run. */
  fixed: Pick<ProgramFields, "code" | "phases" | "taskImages" | "threadMemory" | "threadStride" | "barrier" | "gates">;
}

/** A model as the arena holds it: its parameters, a program that trains it, one that predicts with it, and the memory that both share. */
export interface CompiledModel {
  store: Store;
  training: PlacedProgram;
  inference: PlacedProgram;
  /** Of training, by id. */
  instructions: readonly Instruction[];
  laneLoss: Offset;
  norms: Offset;
}

/** @param allocator gives everything its place in the arena, before there is one */
export function compile(
  { model, optimizer, batchSize, threads }: Pick<SessionOptions, "model" | "optimizer" | "batchSize" | "threads">,
  vectorWidth: number,
  allocator: Allocator,
): CompiledModel {
  const store = new Store(model, optimizer, vectorWidth, allocator);
  const lowered = lower(model, store, "train", batchSize);
  const { lanes, laneImages } = lanesOf(batchSize, store.gradients.stride);
  store.gradients.place(allocator, lanes);
  store.sums.place(allocator, lanes);
  const laneLoss = allocator.take(2 * laneLossDoubles * lanes);
  const assembled = assemble(lowered, batchSize, laneImages, allocator);
  const norms = allocator.take(2 * assembled.instructions.length);
  const training = placeProgram(assembled, laneImages, threads, allocator);
  const asked = assemble(lower(model, store, "inference", batchSize), 0, inferenceImages, allocator);
  const inference = placeProgram(asked, inferenceImages, threads, allocator);
  return { store, training, inference, instructions: assembled.instructions, laneLoss, norms };
}

/** @param gradientFloats of one lane @returns how many lanes there are, and how many images each has */
function lanesOf(batchSize: number, gradientFloats: number): { lanes: number; laneImages: number } {
  const most = manyLanes * gradientFloats <= manyLanesFloats ? manyLanes : fewLanes;
  const laneImages = Math.max(leastLaneImages, Math.ceil(batchSize / most));
  return { lanes: Math.ceil(batchSize / laneImages), laneImages };
}

function placeProgram(program: Assembled, taskImages: number, threads: number, allocator: Allocator): PlacedProgram {
  const { code, preparation, phases, gates, threadFloats } = program;
  const codeAt = allocator.take(code.length);
  const threadStride = padded(threadFloats) + counterWords;
  const threadMemory = allocator.take(threadStride * threads);
  const barrier = allocator.take(barrierWords + counterWords * (phases * threads + gates));
  return {
    header: allocator.take(structWords("Program")),
    code,
    codeAt,
    preparation: preparation > 0 ? { code: codeAt, phases: 1 } : undefined,
    fixed: { code: offsetBy(codeAt, preparation), phases, taskImages, threadMemory, threadStride, barrier, gates },
  };
}
