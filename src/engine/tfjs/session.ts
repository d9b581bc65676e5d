import { setImmediate } from "node:timers/promises";
import type { Split } from "../../data/split.js";
import { initialTensors } from "../../model/initialize.js";
import { batchNormMomentum } from "../../model/layers/batch-norm.js";
import { classes } from "../../model/logits.js";
import { slotNames } from "../../model/optimizers.js";
import { UserError } from "../../util/errors.js";
import { imagePixels, imageSide } from "../../util/image-size.js";
import { checkChunk, checkImages, checkSplit, checkState } from "../contract/check.js";
import type { EngineInfo, EngineName } from "../contract/engine.js";
import type { Chunk, ChunkResult, Evaluation, Session, SessionOptions } from "../contract/session.js";
import type { State, Tensor } from "../contract/state.js";
import { evaluateInBatches } from "../shared/evaluate.js";
import type { Tensor as DeviceTensor, Tensor1D, Tf, TfjsBackend } from "./backend.js";
import { gather, gatherMoved, normalizedLevels, oneHot } from "./batch.js";
import { extract, type FlatLayout, flatLayout, store } from "./layout.js";
import { crossEntropy } from "./loss.js";
import { type BatchStatistics, Pass } from "./network.js";
import { type Slots, update } from "./optimizer.js";

/** Images of a batch of inference, at least. */
const evaluationBatch = 256;

/** Everything that lives on the device from step to step. */
interface DeviceState {
  /** [P] */
  weights: DeviceTensor;
  /** [P] each */
  slots: Slots;
  /** [P] of the last step; undefined before the first. */
  gradient?: DeviceTensor;
  /** [S] running means and variances; undefined where the model has none. */
  statistics?: DeviceTensor;
}

/** A copy of the device's state in the process's memory. */
interface HostState {
  weights: Float32Array;
  slots: Record<string, Float32Array>;
  statistics: Float32Array;
  gradient?: Float32Array;
}

/** A session on any backend of TF.js. The library's state is global: sessions of one process share its memory accounts. */
export class TfjsSession implements Session {
  readonly info: EngineInfo;
  private readonly trainable: FlatLayout;
  private readonly running: FlatLayout;
  private readonly levels: Float32Array;
  private readonly slots: readonly string[];
  private device: DeviceState;
  /** Kept where the device can be read asynchronously only, for read() is synchronous. */
  private mirror: HostState | undefined;
  private step = 0;
  private split: Split | undefined;
  private disposed = false;

  constructor(
    private readonly options: SessionOptions,
    private readonly backend: TfjsBackend,
    name: EngineName,
  ) {
    this.info = { name, device: backend.device, notices: backend.notices };
    this.trainable = flatLayout(options.model, "trainable");
    this.running = flatLayout(options.model, "statistics");
    this.levels = normalizedLevels(options.normalization);
    this.slots = slotNames(options.optimizer);
    const initial = initialTensors(options.model, options.seed);
    const zeros = () => new Float32Array(this.trainable.size);
    this.device = this.upload({
      weights: flatten(this.trainable, (key) => initial.get(key)!.data),
      slots: Object.fromEntries(this.slots.map((slot) => [slot, zeros()])),
      statistics: flatten(this.running, (key) => initial.get(key)!.data),
    });
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
    const { tf } = this.backend;
    const steps = learningRates.length;
    const losses: DeviceTensor[] = [];
    const correct: DeviceTensor[] = [];
    for (let s = 0; s < steps; s++) {
      const chosen = indices.subarray(s * batchSize, (s + 1) * batchSize);
      const result = this.trainStep(chosen, affine?.subarray(s * batchSize * 6, (s + 1) * batchSize * 6), learningRates[s]);
      losses.push(result.loss);
      correct.push(result.correct);
      await setImmediate();
    }
    // Fetched once a chunk: every fetch waits for the device.
    const [allLosses, allCorrect] = tf.tidy(() => [tf.stack(losses), tf.stack(correct)]);
    const [loss, counts] = await Promise.all([allLosses.data(), allCorrect.data()]);
    tf.dispose([losses, correct, allLosses, allCorrect]);
    if (this.backend.readback === "async") this.mirror = await this.download();
    this.checkDevice();
    return { loss: Float32Array.from(loss), correct: Uint32Array.from(counts) };
  }

  private trainStep(indices: Uint32Array, affine: Float32Array | undefined, learningRate: number) {
    const { tf, poolTies } = this.backend;
    const { model, seed, optimizer, normalization } = this.options;
    const { images, labels: allLabels } = this.split!;
    const old = this.device;
    const input = affine ? gatherMoved(images, indices, affine, normalization) : gather(images, indices, this.levels);
    const labels = Int32Array.from(indices, (index) => allLabels[index]);
    const { next, loss, correct } = tf.tidy(() => {
      const pass = new Pass(tf, model.nodes, this.tensors(), { type: "train", seed, step: this.step }, poolTies);
      const logits = pass.forward(tf.tensor4d(input, [indices.length, imageSide, imageSide, 1]));
      const result = crossEntropy(
        tf,
        logits,
        tf.tensor2d(oneHot(labels, classes), [indices.length, classes]),
        tf.tensor1d(labels, "int32"),
      );
      pass.backward(result.dlogits);
      const gradient = this.concatenate(this.trainable, (name) => pass.gradients.get(name)!)!;
      const moved = update(tf, old.weights, gradient, old.slots, optimizer, learningRate, this.step + 1);
      const device: DeviceState = { ...moved, gradient, statistics: this.follow(pass.statistics) };
      return { next: { ...device }, loss: result.loss, correct: result.correct };
    });
    this.device = next;
    this.step++;
    disposeState(old);
    return { loss, correct };
  }

  /** @returns the running statistics, moved towards the batch's */
  private follow(statistics: ReadonlyMap<string, BatchStatistics>): DeviceTensor | undefined {
    const { tf } = this.backend;
    const seen = this.concatenate(this.running, (name) => {
      const end = name.lastIndexOf(".");
      const { mean, variance } = statistics.get(name.slice(0, end))!;
      return name.endsWith("running_mean") ? mean : variance;
    });
    if (!seen) return undefined;
    return tf.add(tf.mul(this.device.statistics!, 1 - batchNormMomentum), tf.mul(seen, batchNormMomentum));
  }

  gradientNorms(): Map<string, number> {
    const flat = this.mirror ? this.mirror.gradient : this.device.gradient?.dataSync<"float32">();
    const norm = (from: number, size: number) => {
      let sum = 0;
      for (let i = from; i < from + size; i++) sum += flat![i] * flat![i];
      return Math.sqrt(sum);
    };
    return new Map(this.trainable.segments.map(({ name, offset, size }) => [name, flat ? norm(offset, size) : 0]));
  }

  async evaluate(split: Split): Promise<Evaluation> {
    checkSplit(split);
    const size = Math.max(this.options.batchSize, evaluationBatch);
    return evaluateInBatches(split, size, (indices) => this.infer(gather(split.images, indices, this.levels), indices.length));
  }

  async predict(images: Float32Array): Promise<Float32Array> {
    const count = checkImages(images);
    const { mean, std } = this.options.normalization;
    const logits = new Float32Array(count * classes);
    const size = Math.max(this.options.batchSize, evaluationBatch);
    for (let from = 0; from < count; from += size) {
      const batch = Math.min(size, count - from);
      const input = images.subarray(from * imagePixels, (from + batch) * imagePixels).map((value) => (value - mean) / std);
      logits.set(await this.infer(input, batch), from * classes);
    }
    return logits;
  }

  /** @param input [N × 784] normalized @returns logits [N × 10] */
  private async infer(input: Float32Array, batch: number): Promise<Float32Array> {
    const { tf, poolTies } = this.backend;
    const logits = tf.tidy(() =>
      new Pass(tf, this.options.model.nodes, this.tensors(), { type: "evaluate" }, poolTies).forward(
        tf.tensor4d(input, [batch, imageSide, imageSide, 1]),
      ),
    );
    const data = await logits.data<"float32">();
    logits.dispose();
    this.checkDevice();
    return data;
  }

  read(): State {
    const host = this.mirror ?? this.downloadNow();
    const tensors = new Map<string, Tensor>();
    const take = (segments: FlatLayout["segments"], prefix: string, flat: Float32Array) => {
      for (const segment of segments) tensors.set(prefix + segment.name, { shape: segment.shape, data: extract(flat, segment) });
    };
    // In the model's order, statistics among the parameters.
    const parameters = [...this.trainable.segments, ...this.running.segments];
    for (const { name } of this.options.model.parameters) {
      const segment = parameters.find((candidate) => candidate.name === name)!;
      take([segment], "", this.trainable.segments.includes(segment) ? host.weights : host.statistics);
    }
    for (const slot of this.slots) take(this.trainable.segments, `${slot}/`, host.slots[slot]);
    return { step: this.step, tensors };
  }

  write(state: State): void {
    checkState(state, this.options.model.parameters, this.slots);
    const { step, tensors } = state;
    const old = this.device;
    const data = (key: string) => tensors.get(key)?.data;
    this.device = this.upload({
      weights: flatten(this.trainable, data),
      slots: Object.fromEntries(this.slots.map((slot) => [slot, flatten(this.trainable, (name) => data(`${slot}/${name}`))])),
      statistics: flatten(this.running, data),
    });
    disposeState(old);
    this.step = step;
  }

  /** Of all sessions in this process together, but for the training split: TF.js keeps one account. */
  memory(): { hostBytes: number; deviceBytes?: number; tensors: number } {
    const { numBytes, numBytesInGPU, numTensors } = this.backend.tf.memory() as ReturnType<Tf["memory"]> & { numBytesInGPU?: number };
    const split = (this.split?.images.length ?? 0) + (this.split?.labels.length ?? 0);
    if (this.backend.memory === "host") return { hostBytes: split + numBytes, tensors: numTensors };
    return { hostBytes: split, deviceBytes: numBytesInGPU ?? numBytes, tensors: numTensors };
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    this.split = undefined;
    this.mirror = undefined;
    disposeState(this.device);
  }

  /** @returns parameters and running statistics by name; call within tf.tidy */
  private tensors(): Map<string, DeviceTensor> {
    const { tf } = this.backend;
    const parts = (layout: FlatLayout, flat: DeviceTensor | undefined) => {
      if (!flat) return [];
      const sizes = layout.segments.map(({ size }) => size);
      return tf
        .split(flat as Tensor1D, sizes)
        .map((part, i) => [layout.segments[i].name, tf.reshape(part, layout.segments[i].deviceShape)] as const);
    };
    return new Map([...parts(this.trainable, this.device.weights), ...parts(this.running, this.device.statistics)]);
  }

  private concatenate({ segments }: FlatLayout, tensor: (name: string) => DeviceTensor): DeviceTensor | undefined {
    const { tf } = this.backend;
    if (segments.length === 0) return undefined;
    return tf.concat(segments.map(({ name, size }) => tf.reshape(tensor(name), [size]) as Tensor1D));
  }

  private upload(host: HostState): DeviceState {
    const { tf } = this.backend;
    const { readback } = this.backend;
    // On its backends in JavaScript, tf.tensor may keep the array itself.
    const tensor = (data: Float32Array) => tf.tensor1d(data.slice());
    const slots = Object.fromEntries(Object.entries(host.slots).map(([slot, data]) => [slot, tensor(data)]));
    if (readback === "async") this.mirror = host;
    return { weights: tensor(host.weights), slots, statistics: host.statistics.length > 0 ? tensor(host.statistics) : undefined };
  }

  private async download(): Promise<HostState> {
    const { weights, slots, statistics, gradient } = this.device;
    const fetch = (tensor: DeviceTensor) => tensor.data<"float32">();
    const names = Object.keys(slots);
    const [flat, running, last, ...values] = await Promise.all([
      fetch(weights),
      statistics ? fetch(statistics) : new Float32Array(0),
      gradient && fetch(gradient),
      ...names.map((name) => fetch(slots[name])),
    ]);
    return {
      weights: flat!,
      statistics: running!,
      gradient: last,
      slots: Object.fromEntries(names.map((name, i) => [name, values[i]!])),
    };
  }

  private downloadNow(): HostState {
    const { weights, slots, statistics } = this.device;
    const fetch = (tensor: DeviceTensor) => tensor.dataSync<"float32">();
    return {
      weights: fetch(weights),
      statistics: statistics ? fetch(statistics) : new Float32Array(0),
      slots: Object.fromEntries(Object.entries(slots).map(([slot, tensor]) => [slot, fetch(tensor)])),
    };
  }

  private checkDevice(): void {
    const failure = this.backend.failure?.();
    if (failure) throw new UserError(failure);
  }
}

/** @param data by parameter name, PyTorch's layout; undefined is zeros */
function flatten(layout: FlatLayout, data: (name: string) => Float32Array | undefined): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const segment of layout.segments) {
    const values = data(segment.name);
    if (values) store(flat, segment, values);
  }
  return flat;
}

function disposeState({ weights, slots, statistics, gradient }: DeviceState): void {
  weights.dispose();
  gradient?.dispose();
  for (const slot of Object.values(slots)) slot.dispose();
  statistics?.dispose();
}
