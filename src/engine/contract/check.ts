import type { Split } from "../../data/split.js";
import { classes } from "../../model/logits.js";
import type { Parameter } from "../../model/parameters.js";
import { imagePixels } from "../../util/image-size.js";
import type { Chunk } from "./session.js";
import type { State } from "./state.js";

/**
 * The conditions of a session's calls, the same for every engine and checked before it computes: kernels trust their arguments, and would read
 * far outside the images at a wrong index.
 */

/** Entries of a sample's 2×3 matrix. */
const matrixEntries = 6;

/**
 * Reads the chunk's indices once, and the labels of the samples that they name.
 * @param largestBatch SessionOptions.batchSize
 * @param labels of the training split, [samples]; undefined before load()
 * @throws Error naming the expected and the actual value
 */
export function checkChunk(
  { batchSize, indices, affine, learningRates }: Chunk,
  largestBatch: number,
  labels: Uint8Array | undefined,
): void {
  if (!labels) throw new Error("Expected a training split before train(), got none: call load() first.");
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > largestBatch)
    throw new Error(`Expected a batch of 1 to ${largestBatch} samples, got ${batchSize}.`);
  const steps = learningRates.length;
  if (steps < 1) throw new Error("Expected a learning rate for each step and at least one step, got none.");
  const samples = steps * batchSize;
  if (indices.length !== samples) throw new Error(`Expected ${steps} × ${batchSize} indices, got ${indices.length}.`);
  if (affine && affine.length !== samples * matrixEntries)
    throw new Error(`Expected ${steps} × ${batchSize} × ${matrixEntries} matrix entries, got ${affine.length}.`);
  for (let i = 0; i < samples; i++) {
    const index = indices[i];
    if (index >= labels.length) throw new Error(`Expected indices below the training split's ${labels.length} samples, got ${index}.`);
    if (labels[index] >= classes) throw wrongLabel(labels[index], index);
  }
}

/** @throws Error naming the expected and the actual value */
export function checkSplit({ images, labels }: Split): void {
  if (labels.length < 1) throw new Error("Expected at least one sample, got none.");
  if (images.length !== labels.length * imagePixels)
    throw new Error(`Expected ${labels.length} × ${imagePixels} pixels for ${labels.length} labels, got ${images.length}.`);
  for (let i = 0; i < labels.length; i++) if (labels[i] >= classes) throw wrongLabel(labels[i], i);
}

function wrongLabel(label: number, sample: number): Error {
  return new Error(`Expected labels from 0 to ${classes - 1}, got ${label} as that of sample ${sample}.`);
}

/** @param images of predict() @returns how many there are @throws Error naming the expected and the actual value */
export function checkImages(images: Float32Array): number {
  const count = images.length / imagePixels;
  if (!Number.isInteger(count)) throw new Error(`Expected images of ${imagePixels} pixels each, got ${images.length} values.`);
  return count;
}

/**
 * @param parameters of the session's model @param slots of its optimizer: "exp_avg"
 * @throws Error where a parameter is missing, or where it or one of its slots has another shape
 */
export function checkState({ tensors }: State, parameters: readonly Parameter[], slots: readonly string[]): void {
  for (const { name, shape, trainable } of parameters) {
    if (!tensors.has(name)) throw new Error(`Expected a state with the parameter ${name}, got one without it.`);
    for (const key of trainable ? [name, ...slots.map((slot) => `${slot}/${name}`)] : [name]) {
      const tensor = tensors.get(key);
      if (tensor && tensor.shape.join() !== shape.join())
        throw new Error(`Expected ${key} in the shape [${shape}], got [${tensor.shape}].`);
    }
  }
}
