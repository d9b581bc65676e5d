import { UserError } from "../../util/errors.js";
import type { SessionOptions } from "../contract/session.js";
import { type Lowered, lower, type Shared } from "./lower.js";
import { BufferList, bufferLength, type DeviceBuffer } from "./memory.js";
import { ParameterStore } from "./parameters.js";
import { Update } from "./update.js";

/** Images of a batch of inference, at the least and at the most. */
const leastInference = 64;
const mostInference = 512;
/** Kernels count quads in 31 bits. */
const mostFloats = 2 ** 33;

/** Everything that a session lays out before there is a device: a function of its options and of the GPU's number of multiprocessors. */
export interface SessionPlan {
  store: ParameterStore;
  buffers: BufferList;
  parameters: DeviceBuffer;
  slots: readonly DeviceBuffer[];
  training: Lowered;
  inference: Lowered;
  inferenceImages: number;
  update: Update;
}

export function planSession({ model, optimizer, batchSize, normalization }: SessionOptions, multiprocessors: number): SessionPlan {
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

/** The size of a GPU, and its free memory. */
interface GpuMemory {
  name: string;
  multiprocessors: number;
  freeBytes: number;
}

/** @throws UserError where the plan does not fit, with the bytes wanted and free and the largest batch that would fit */
export function checkMemory(plan: SessionPlan, options: SessionOptions, gpu: GpuMemory): void {
  if (!fits(plan, gpu.freeBytes)) throw outOfMemory(plan.buffers.bytes(), options, gpu, gpu.freeBytes);
}

/**
 * @param wantedBytes more than are free
 * @param most bytes that a plan may take
 * @returns the error, with the largest batch whose plan would fit
 */
export function outOfMemory(wantedBytes: number, options: SessionOptions, gpu: GpuMemory, most: number): UserError {
  const { name, multiprocessors, freeBytes } = gpu;
  let [least, above] = [0, options.batchSize];
  while (above - least > 1) {
    const batchSize = Math.floor((least + above) / 2);
    if (fits(planSession({ ...options, batchSize }, multiprocessors), most)) least = batchSize;
    else above = batchSize;
  }
  const help = least > 0 ? `use --batch-size ${least} or a smaller one` : "choose a smaller model or another --engine";
  return new UserError(
    `Training at batch ${options.batchSize} wants ${megabytes(wantedBytes)} on ${name}, but ${megabytes(freeBytes)} are free; ${help}.`,
  );
}

function fits({ buffers }: SessionPlan, bytes: number): boolean {
  return buffers.bytes() <= bytes && buffers.all.every((buffer) => bufferLength(buffer) < mostFloats);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20).toLocaleString("en")} MB`;
}
