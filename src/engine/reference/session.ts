import { setImmediate } from "node:timers/promises";
import type { Split } from "../../data/split.js";
import { initialTensors } from "../../model/initialize.js";
import { argmax, classes, crossEntropySum } from "../../model/logits.js";
import { slotNames } from "../../model/optimizers.js";
import { imagePixels } from "../../util/image-size.js";
import { checkChunk, checkImages, checkSplit, checkState } from "../contract/check.js";
import type { EngineInfo } from "../contract/engine.js";
import type { Chunk, ChunkResult, Evaluation, Session, SessionOptions } from "../contract/session.js";
import type { State, Tensor } from "../contract/state.js";
import { evaluateInBatches } from "../shared/evaluate.js";
import { gatherImages, normalizeImages } from "./image.js";
import { crossEntropyBackward } from "./loss.js";
import { Network } from "./network.js";
import { update } from "./optimizer.js";

/** A session in plain TypeScript, with which every other engine must agree. */
export class ReferenceSession implements Session {
  readonly info: EngineInfo = { name: "reference", device: "CPU, plain TypeScript, 1 thread" };
  private readonly network: Network;
  /** "exp_avg" → parameter name → values */
  private readonly slots: Map<string, Map<string, Float32Array>>;
  private step = 0;
  private split: Split | undefined;

  constructor(private readonly options: SessionOptions) {
    this.network = new Network(options.model, Float32Array);
    for (const [name, { data }] of initialTensors(options.model, options.seed)) this.network.parameters.get(name)!.set(data);
    const trainable = options.model.parameters.filter((p) => p.trainable);
    this.slots = new Map(
      slotNames(options.optimizer).map((slot) => [slot, new Map(trainable.map(({ name, size }) => [name, new Float32Array(size)]))]),
    );
  }

  load(split: Split): void {
    checkSplit(split);
    this.split = split;
  }

  reserve(samples: number): Split {
    this.split = { images: new Uint8Array(samples * imagePixels), labels: new Uint8Array(samples) };
    return this.split;
  }

  async train(chunk: Chunk): Promise<ChunkResult> {
    checkChunk(chunk, this.options.batchSize, this.split?.labels);
    const { batchSize, indices, affine, learningRates } = chunk;
    const steps = learningRates.length;
    const result: ChunkResult = { loss: new Float32Array(steps), correct: new Uint32Array(steps) };
    for (let s = 0; s < steps; s++) {
      const chosen = indices.subarray(s * batchSize, (s + 1) * batchSize);
      const matrices = affine?.subarray(s * batchSize * 6, (s + 1) * batchSize * 6);
      [result.loss[s], result.correct[s]] = this.trainStep(chosen, matrices, learningRates[s]);
      await setImmediate();
    }
    return result;
  }

  private trainStep(indices: Uint32Array, affine: Float32Array | undefined, learningRate: number): [loss: number, correct: number] {
    const { images, labels: allLabels } = this.split!;
    const batch = indices.length;
    const x = new Float32Array(batch * imagePixels);
    gatherImages(images, indices, affine, this.options.normalization, x);
    const labels = Uint8Array.from(indices, (index) => allLabels[index]);

    const logits = this.network.forward(x, batch, { type: "train", seed: this.options.seed, step: this.step });
    const predictions = argmax(logits);
    const correct = labels.reduce((count, label, n) => count + (label === predictions[n] ? 1 : 0), 0);

    const dlogits = new Float32Array(batch * classes);
    crossEntropyBackward(logits, labels, dlogits);
    this.network.backward(dlogits);

    this.step++;
    for (const [name, gradient] of this.network.gradients) {
      const slots = new Map([...this.slots].map(([slot, values]) => [slot, values.get(name)!]));
      update(this.network.parameters.get(name)!, gradient, slots, this.options.optimizer, learningRate, this.step);
    }
    return [crossEntropySum(logits, labels) / batch, correct];
  }

  gradientNorms(): Map<string, number> {
    return new Map([...this.network.gradients].map(([name, gradient]) => [name, norm(gradient)]));
  }

  async evaluate(split: Split): Promise<Evaluation> {
    checkSplit(split);
    return evaluateInBatches(split, this.options.batchSize, (indices) => {
      const x = new Float32Array(indices.length * imagePixels);
      gatherImages(split.images, indices, undefined, this.options.normalization, x);
      return this.network.forward(x, indices.length, { type: "evaluate" });
    });
  }

  async predict(images: Float32Array): Promise<Float32Array> {
    const batch = checkImages(images);
    const x = new Float32Array(images.length);
    normalizeImages(images, this.options.normalization, x);
    return Float32Array.from(this.network.forward(x, batch, { type: "evaluate" }));
  }

  read(): State {
    const tensors = new Map<string, Tensor>();
    for (const { name, shape } of this.options.model.parameters) {
      tensors.set(name, { shape, data: Float32Array.from(this.network.parameters.get(name)!) });
    }
    for (const [slot, values] of this.slots) {
      for (const [name, data] of values) tensors.set(`${slot}/${name}`, { shape: tensors.get(name)!.shape, data: data.slice() });
    }
    return { step: this.step, tensors };
  }

  write(state: State): void {
    // Before anything is taken, so that a bad state leaves the session as it was.
    checkState(state, this.options.model.parameters, [...this.slots.keys()]);
    const { step, tensors } = state;
    for (const [name, values] of this.network.parameters) values.set(tensors.get(name)!.data);
    for (const [slot, values] of this.slots) {
      for (const [name, data] of values) data.set(tensors.get(`${slot}/${name}`)?.data ?? new Float32Array(data.length));
    }
    this.step = step;
  }

  memory(): { hostBytes: number } {
    const slots = [...this.slots.values()].flatMap((values) => [...values.values()]);
    return { hostBytes: this.network.bytes() + slots.reduce((sum, data) => sum + data.byteLength, 0) + (this.split?.images.length ?? 0) };
  }

  async dispose(): Promise<void> {
    this.split = undefined;
  }
}

function norm(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] ** 2;
  return Math.sqrt(squares);
}
