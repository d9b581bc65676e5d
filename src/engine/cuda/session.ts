import type { Split } from "../../data/split.js";
import { initialTensors } from "../../model/initialize.js";
import { classes } from "../../model/logits.js";
import { imagePixels } from "../../util/image-size.js";
import { checkChunk, checkImages, checkSplit, checkState } from "../contract/check.js";
import type { EngineInfo } from "../contract/engine.js";
import type { Chunk, ChunkResult, Evaluation, Session, SessionOptions } from "../contract/session.js";
import type { State } from "../contract/state.js";
import { rateTable } from "../shared/rate-table.js";
import type { Device, Graph, Module } from "./device.js";
import { CudaError } from "./errors.js";
import { encode, type KernelCall, multiplies, structBytes } from "./kernels.js";
import type { Lowered } from "./lower.js";
import { bufferBytes, type DeviceBuffer } from "./memory.js";
import { checkMemory, outOfMemory, planSession, type SessionPlan } from "./plan.js";
import { readPtx } from "./ptx.js";

/** Graphs kept of each kind: full batches, an epoch's smaller last one, and some of predictions in between. */
const mostGraphs = 4;
/** Every array begins at a multiple of this, in bytes: kernels read so many at a time. */
const alignment = 16;

/** The launches of one batch size as a graph. */
interface RecordedBatch {
  graph: Graph;
  /** Training: the addresses of the gradients. */
  segments?: DeviceBuffer;
}

/** Device memory for the data of a call, replaced by a larger one when more is needed. */
interface GrowingRegion {
  buffer?: DeviceBuffer;
  host: Uint8Array;
}

/** The addresses of a call's data. */
type CallAddresses = Partial<Record<PointerField, bigint>>;
type PointerField = "images" | "labels" | "pixels" | "indices" | "affine" | "rates" | "loss" | "correct" | "outputs";

/** A session on one GPU: dataset, parameters and activations stay there; a chunk is one graph launched once a step. */
export class CudaSession implements Session {
  private readonly module: Module;
  private readonly recorded = { train: new Map<number, RecordedBatch>(), inference: new Map<number, RecordedBatch>() };
  private readonly extra = new Set<DeviceBuffer>();
  private readonly chunkRegion: GrowingRegion = { host: new Uint8Array(0) };
  private readonly inferenceRegion: GrowingRegion = { host: new Uint8Array(0) };
  /** The training split on the GPU, with the labels that chunks are checked by. */
  private dataset: { buffer: DeviceBuffer; labels: Uint8Array } | undefined;
  /** Handed out by reserve() to be filled, and not on the GPU yet. */
  private reserved: Split | undefined;
  private lastSegments: DeviceBuffer | undefined;
  private step = 0;

  /** @param device belongs to the session from here on, also where this throws */
  static async create(options: SessionOptions, device: Device, info: EngineInfo): Promise<CudaSession> {
    try {
      const plan = planSession(options, device.info.multiprocessors);
      checkMemory(plan, options, { ...device.info, ...device.memory() });
      return new CudaSession(options, device, plan, info);
    } catch (error) {
      device.dispose();
      throw error;
    }
  }

  private constructor(
    private readonly options: SessionOptions,
    private readonly device: Device,
    private readonly plan: SessionPlan,
    readonly info: EngineInfo,
  ) {
    this.module = loadKernels(device, options.tf32 ?? false);
    for (const buffer of plan.buffers.all) this.allocate(buffer);
    const { buffer, data } = plan.update.blockTableBytes();
    this.upload(buffer, data);
    this.write({ step: 0, tensors: initialTensors(options.model, options.seed) });
  }

  load(split: Split): void {
    checkSplit(split);
    const resident = this.reserve(split.labels.length);
    resident.images.set(split.images);
    resident.labels.set(split.labels);
  }

  reserve(samples: number): Split {
    this.reserved = { images: new Uint8Array(samples * imagePixels), labels: new Uint8Array(samples) };
    return this.reserved;
  }

  async train(chunk: Chunk): Promise<ChunkResult> {
    this.sendDataset();
    const { dataset } = this;
    checkChunk(chunk, this.options.batchSize, dataset?.labels);
    const { batchSize, indices, affine, learningRates } = chunk;
    const steps = learningRates.length;
    const recorded = this.record("train", batchSize);
    const sent = { indices, affine: affine ?? new Float32Array(0), rates: rateTable(learningRates, this.step) };
    const at = this.send(this.chunkRegion, sent, { loss: 4 * steps, correct: 4 * steps });
    const images = dataset!.buffer.at!;
    const labels = images + BigInt(dataset!.labels.length * imagePixels);
    this.start(this.plan.training, { ...at, affine: affine ? at.affine : undefined, images, labels });
    for (let s = 0; s < steps; s++) recorded.graph.launch();
    const result: ChunkResult = { loss: new Float32Array(steps), correct: new Uint32Array(steps) };
    await this.device.download(result.loss, at.loss);
    await this.device.download(result.correct, at.correct);
    this.step += steps;
    this.lastSegments = recorded.segments;
    return result;
  }

  gradientNorms(): Map<string, number> {
    const { lastSegments, plan, device } = this;
    if (!lastSegments) return new Map(this.options.model.parameters.filter((p) => p.trainable).map(({ name }) => [name, 0]));
    this.launch([plan.update.squaresCall(lastSegments)]);
    return plan.update.norms((into, from) => device.downloadBlocking(into, from.at!));
  }

  async evaluate(split: Split): Promise<Evaluation> {
    checkSplit(split);
    const { images, labels } = split;
    const count = labels.length;
    const bytes = { outputs: 4 * classes * count, loss: 4 * count, correct: 4 * count };
    const at = this.send(this.inferenceRegion, { images, labels }, bytes);
    this.infer(count, at);
    const probabilities = new Float32Array(classes * count);
    const losses = new Float32Array(count);
    const predictions = new Uint32Array(count);
    await this.device.download(probabilities, at.outputs);
    await this.device.download(losses, at.loss);
    await this.device.download(predictions, at.correct);
    return { loss: losses.reduce((sum, loss) => sum + loss, 0) / count, predictions: Uint8Array.from(predictions), probabilities };
  }

  async predict(images: Float32Array): Promise<Float32Array> {
    const count = checkImages(images);
    const at = this.send(this.inferenceRegion, { pixels: images }, { outputs: 4 * classes * count });
    this.infer(count, at);
    const logits = new Float32Array(classes * count);
    await this.device.download(logits, at.outputs);
    return logits;
  }

  read(): State {
    const { store, parameters, slots } = this.plan;
    const arena = (buffer: DeviceBuffer) => {
      const floats = new Float32Array(store.size);
      this.device.downloadBlocking(floats, buffer.at!);
      return floats;
    };
    return store.read(this.step, arena(parameters), slots.map(arena));
  }

  write(state: State): void {
    const { store, parameters, slots } = this.plan;
    checkState(state, this.options.model.parameters, store.slotNames);
    const written = store.write(state);
    this.upload(parameters, written.arena);
    for (const [i, slot] of slots.entries()) this.upload(slot, written.slots[i]);
    this.step = state.step;
  }

  memory(): { hostBytes: number; deviceBytes: number } {
    const device = [...this.plan.buffers.all, ...this.extra].reduce((sum, buffer) => sum + bufferBytes(buffer), 0);
    const waiting = this.reserved ? this.reserved.images.length + this.reserved.labels.length : 0;
    const labels = this.dataset?.labels.length ?? 0;
    const host = this.plan.store.bytes() + this.chunkRegion.host.length + this.inferenceRegion.host.length + waiting + labels;
    return { hostBytes: host, deviceBytes: device };
  }

  async dispose(): Promise<void> {
    this.device.dispose();
  }

  private infer(count: number, at: CallAddresses): void {
    const { inference, inferenceImages } = this.plan;
    this.start(inference, at);
    this.launch(inference.once);
    for (let first = 0; first < count; first += inferenceImages) {
      this.record("inference", Math.min(inferenceImages, count - first)).graph.launch();
    }
  }

  /** @returns the graph of a batch of that size, made on first use */
  private record(kind: "train" | "inference", images: number): RecordedBatch {
    const kept = this.recorded[kind];
    const known = kept.get(images);
    if (known) return known;
    const [oldest] = kept;
    if (kept.size >= mostGraphs) this.forget(kind, oldest[0]);
    const { update } = this.plan;
    const { calls, gradients } = this.plan[kind === "train" ? "training" : "inference"].batch(images);
    let segments: DeviceBuffer | undefined;
    if (kind === "train") {
      segments = this.add(update.segmentBuffer(gradients));
      this.upload(segments, update.segmentBytes(gradients));
      calls.push(update.updateCall(segments));
    }
    // Before the recording: a driver may load a kernel only when it is first looked up, which cannot be recorded.
    const launches = calls.map((call) => encode(call, this.module));
    const graph = this.device.capture(() => {
      for (const launch of launches) this.device.launch(launch);
    });
    const recorded: RecordedBatch = { graph, segments };
    kept.set(images, recorded);
    return recorded;
  }

  private forget(kind: "train" | "inference", images: number): void {
    const { graph, segments } = this.recorded[kind].get(images)!;
    graph.dispose();
    if (segments) this.remove(segments);
    if (this.lastSegments === segments) this.lastSegments = undefined;
    this.recorded[kind].delete(images);
  }

  private launch(calls: readonly KernelCall[]): void {
    for (const call of calls) this.device.launch(encode(call, this.module));
  }

  /** Tells the kernels the addresses of a call's data and the number of its first step. */
  private start({ run }: Lowered, at: CallAddresses): void {
    const { images, labels, pixels, indices, affine, rates, loss, correct, outputs } = at;
    const addresses = { images, labels, pixels, indices, affine, rates, loss, correct, outputs };
    this.upload(run, structBytes("Run", [{ ...addresses, position: 0, step: this.step, seed: this.options.seed, first: 0 }]));
  }

  /** Copies arrays to the GPU in one piece, with room for results behind them. @returns the address of each */
  private send<S extends string, R extends string>(
    region: GrowingRegion,
    arrays: Record<S, ArrayBufferView>,
    results: Record<R, number>,
  ): Record<S | R, bigint> {
    const offsets = new Map<string, number>();
    let end = 0;
    const take = (name: string, bytes: number) => {
      offsets.set(name, end);
      end = Math.ceil((end + bytes) / alignment) * alignment;
    };
    for (const [name, { byteLength }] of Object.entries<ArrayBufferView>(arrays)) take(name, byteLength);
    const sent = end;
    for (const [name, bytes] of Object.entries<number>(results)) take(name, bytes);
    if (!region.buffer || end > bufferBytes(region.buffer)) {
      if (region.buffer) this.remove(region.buffer);
      region.buffer = this.add({ name: "data of a call", type: "bytes", shape: [end] });
    }
    if (sent > region.host.length) region.host = new Uint8Array(sent);
    for (const [name, array] of Object.entries<ArrayBufferView>(arrays)) {
      region.host.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offsets.get(name)!);
    }
    const { at } = region.buffer;
    this.device.upload(at!, region.host.subarray(0, sent));
    return Object.fromEntries([...offsets].map(([name, offset]) => [name, at! + BigInt(offset)])) as Record<S | R, bigint>;
  }

  private sendDataset(): void {
    if (!this.reserved) return;
    const { images, labels } = this.reserved;
    if (this.dataset) this.remove(this.dataset.buffer);
    const buffer = this.add({ name: "training images", type: "bytes", shape: [images.length + labels.length] });
    this.device.upload(buffer.at!, images);
    this.device.upload(buffer.at! + BigInt(images.length), labels);
    this.dataset = { buffer, labels };
    this.reserved = undefined;
  }

  private add(buffer: DeviceBuffer): DeviceBuffer {
    this.allocate(buffer);
    this.extra.add(buffer);
    return buffer;
  }

  /** @throws UserError where there is no room, with the batch that leaves enough of it */
  private allocate(buffer: DeviceBuffer): void {
    try {
      buffer.at = this.device.allocate(bufferBytes(buffer));
    } catch (error) {
      if (!(error instanceof CudaError && error.memory)) throw error;
      const { wantedBytes, freeBytes } = error.memory;
      const planned = this.plan.buffers.all;
      const held = planned.reduce((sum, each) => sum + (each.at === undefined ? 0 : bufferBytes(each)), 0);
      const most = held + freeBytes - (planned.includes(buffer) ? 0 : wantedBytes);
      throw outOfMemory(wantedBytes, this.options, { ...this.device.info, freeBytes }, most);
    }
  }

  private remove(buffer: DeviceBuffer): void {
    this.extra.delete(buffer);
    this.device.free(buffer.at!);
  }

  private upload({ at }: DeviceBuffer, data: ArrayBufferView): void {
    this.device.upload(at!, data);
  }
}

/** @param tf32 products come from the module for tensor cores, all else from the other */
function loadKernels(device: Device, tf32: boolean): Module {
  const all = device.load(readPtx(false));
  if (!tf32) return all;
  const products = device.load(readPtx(true));
  return { kernel: (name) => (multiplies(name) ? products : all).kernel(name) };
}
