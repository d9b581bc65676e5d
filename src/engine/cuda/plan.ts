import { UserError } from "../../util/errors.js";
import type { SessionOptions } from "../engine.js";
import { type Lowered, lower, type Shared } from "./lower.js";
import { type Buffer, BufferList, bufferLength } from "./memory.js";
import { ParameterStore } from "./parameters.js";
import { Update } from "./update.js";

/** Images of a batch of inference, at the least and at the most. */
const leastInference = 64;
const mostInference = 512;
/** Kernels count quads in 31 bits. */
const mostFloats = 2 ** 33;

/** All that a session lays out before there is a device: a function of its options and of how many multiprocessors the GPU has. */
export interface Plan {
  store: ParameterStore;
  buffers: BufferList;
  parameters: Buffer;
  slots: readonly Buffer[];
  training: Lowered;
  inference: Lowered;
  inferenceImages: number;
  update: Update;
}

export function makePlan({ model, optimizer, batchSize, normalization }: SessionOptions, multiprocessors: number): Plan {
  const buffers = new BufferList();
  const store = new ParameterStore(model, optimizer);
  const parameters = buffers.add("parameters", "f32", 0);
  const slots = store.slotNames.map((name) => buffers.add(name, "f32", 0));
  const shared: Shared = { buffers, store, parameters, multiprocessors, normalization };
  const training = lower(model, shared, batchSize, "train");
  const inferenceImages = Math.min(mostInference, Math.max(leastInference, batchSize));
  const inference = lower(model, shared, inferenceImages, "inference");
  for (const arena of [parameters, ...slots]) arena.shape = [store.size];
  const update = new Update(optimizer, { parameters, slots }, training.run, training.batch(batchSize).gradients, store, buffers);
  return { store, buffers, parameters, slots, training, inference, inferenceImages, update };
}

/** @throws UserError where a batch does not fit, with the bytes wanted and free and the largest batch that would fit */
export function checkMemory(plan: Plan, options: SessionOptions, gpu: { name: string; multiprocessors: number; freeBytes: number }): void {
  const fits = ({ buffers }: Plan) => buffers.bytes() <= gpu.freeBytes && buffers.all.every((b) => bufferLength(b) < mostFloats);
  if (fits(plan)) return;
  let [least, most] = [0, options.batchSize];
  while (most - least > 1) {
    const batchSize = Math.floor((least + most) / 2);
    if (fits(makePlan({ ...options, batchSize }, gpu.multiprocessors))) least = batchSize;
    else most = batchSize;
  }
  const help = least > 0 ? `use --batch-size ${least} or a smaller one` : "choose a smaller model or another --engine";
  throw new UserError(
    `This model needs ${megabytes(plan.buffers.bytes())} on ${gpu.name} at batch ${options.batchSize}, but ${megabytes(gpu.freeBytes)} are free; ${help}.`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20).toLocaleString("en")} MB`;
}
