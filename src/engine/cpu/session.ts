import type { Split } from "../../data/split.js";
import { initialTensors } from "../../model/initialize.js";
import { argmax, classes } from "../../model/logits.js";
import { slotNames } from "../../model/optimizers.js";
import { UserError } from "../../util/errors.js";
import { imagePixels as pixels } from "../../util/image-size.js";
import { checkChunk, checkImages, checkSplit, checkState } from "../contract/check.js";
import type { EngineInfo } from "../contract/engine.js";
import type { Profile, ProfileRow } from "../contract/profile.js";
import type { Chunk, ChunkResult, Evaluation, Session, SessionOptions } from "../contract/session.js";
import type { State } from "../contract/state.js";
import { type Offset, offsetBy } from "../schema/fields.js";
import { rateTable } from "../shared/rate-table.js";
import { arenaStart, type Backend, peakFlops } from "./backend.js";
import type { Instruction } from "./instructions.js";
import { padded } from "./layout.js";
import { lower } from "./lower.js";
import { Allocator } from "./memory.js";
import { readState, writeState } from "./parameters.js";
import { type Plan, plan } from "./plan.js";
import { encodeStruct, type StructFields, structWords } from "./program/encode.js";
import { constants } from "./program/schema.js";
import { Store } from "./store.js";
import { Threads } from "./threads.js";

const { barrierWords, blockChannels, counterWords, laneLossDoubles } = constants;
/**
 * The batch is cut into lanes of at least this many images, each with a gradient of its own: into many, so that no thread waits long for the
 * last one, or into few where summing the gradients of many would take longer.
 */
const leastLaneImages = 8;
const [manyLanes, fewLanes] = [32, 16];
/** Floats of all lanes' gradients up to which there are many. */
const manyLanesFloats = 4 * 2 ** 20;
/** Images of one task of inference: whole register tiles of a dense layer, and few, for their activations should fit the second-level cache. */
const inferenceImages = 14;
/** Images that are evaluated at a time: tasks enough that no thread waits long for the last one, and no second copy of a whole test split. */
const evaluationImages = 200 * inferenceImages;
const pageBytes = 65536;
const mostPages = 65536;

type ProgramFields = StructFields<"Program">;

/** Offsets of one program's header, code and barrier in the arena, and of its threads' memory, in floats. */
interface Placed {
  header: Offset;
  /** Of the phase that prepares the weights, where there is one. */
  preparation?: Pick<ProgramFields, "code" | "phases">;
  fixed: Pick<ProgramFields, "code" | "phases" | "taskImages" | "threadMemory" | "threadStride" | "barrier" | "gates">;
}

/** A region at the end of the arena that is made larger when more is needed. */
interface Growing {
  offset: Offset;
  floats: number;
}

/** A session of the fused CPU engine: one arena, one program for training and one for inference, threads that run them. */
export class CpuSession implements Session {
  private readonly shared: WebAssembly.Memory;
  private readonly start: number;
  private readonly allocator = new Allocator();
  private readonly store: Store;
  private readonly training: Placed;
  private readonly inference: Placed;
  private readonly laneLoss: Offset;
  private readonly norms: Offset;
  private readonly threads: Threads;
  private floats!: Float32Array;
  private words!: Int32Array;
  private bytes!: Uint8Array;
  private readonly instructions: readonly Instruction[];
  private step = 0;
  /** What is derived from the weights is up to date. */
  private prepared = false;
  private profiling: Offset | undefined;
  private dataset: { offset: Offset; labels: Uint8Array } | undefined;
  private readonly chunkRegion: Growing = { offset: 0 as Offset, floats: 0 };
  private readonly inferenceRegion: Growing = { offset: 0 as Offset, floats: 0 };

  constructor(
    private readonly options: SessionOptions,
    private readonly backend: Backend,
    readonly info: EngineInfo,
  ) {
    const { model, optimizer, batchSize, threads } = options;
    this.start = arenaStart(threads);
    this.store = new Store(model, optimizer, backend.vectorWidth, this.allocator);
    const lowered = lower(model, this.store, "train", batchSize);
    const mostLanes = manyLanes * this.store.gradients.stride <= manyLanesFloats ? manyLanes : fewLanes;
    const taskImages = Math.max(leastLaneImages, Math.ceil(batchSize / mostLanes));
    const lanes = Math.ceil(batchSize / taskImages);
    this.store.gradients.place(this.allocator, lanes);
    this.store.sums.place(this.allocator, lanes);
    this.laneLoss = this.allocator.take(2 * laneLossDoubles * lanes);
    const codes: { code: Int32Array; offset: Offset }[] = [];
    const place = (p: Plan, images: number): Placed => {
      const code = this.allocator.take(p.code.length);
      codes.push({ code: p.code, offset: code });
      const threadStride = padded(p.threadFloats) + counterWords;
      const threadMemory = this.allocator.take(threadStride * threads);
      const barrier = this.allocator.take(barrierWords + counterWords * (p.phases * threads + p.gates));
      return {
        header: this.allocator.take(structWords("Program")),
        preparation: p.preparation > 0 ? { code, phases: 1 } : undefined,
        fixed: {
          code: offsetBy(code, p.preparation),
          phases: p.phases,
          taskImages: images,
          threadMemory,
          threadStride,
          barrier,
          gates: p.gates,
        },
      };
    };
    const trainingPlan = plan(lowered, batchSize, taskImages, this.allocator);
    this.instructions = trainingPlan.instructions;
    this.norms = this.allocator.take(2 * this.instructions.length);
    this.training = place(trainingPlan, taskImages);
    const inference = lower(model, this.store, "inference", batchSize);
    this.inference = place(plan(inference, 0, inferenceImages, this.allocator), inferenceImages);
    this.shared = new WebAssembly.Memory({ initial: this.pagesFor(this.allocator.end), maximum: mostPages, shared: true });
    this.refresh();
    // First, for they take a while to start.
    this.threads = new Threads(backend, this.shared, threads);
    for (const { code, offset } of codes) this.words.set(code, offset);
    this.store.writeTileTables(this.words);
    this.write({ step: 0, tensors: initialTensors(model, options.seed) });
  }

  load(split: Split): void {
    checkSplit(split);
    const resident = this.reserve(split.labels.length);
    resident.images.set(split.images);
    resident.labels.set(split.labels);
  }

  reserve(samples: number): Split {
    const offset = this.take(Math.ceil((samples * (pixels + 1)) / 4));
    const end = 4 * offset + samples * pixels;
    const labels = this.bytes.subarray(end, end + samples);
    this.dataset = { offset, labels };
    return { images: this.bytes.subarray(4 * offset, end), labels };
  }

  async train(chunk: Chunk): Promise<ChunkResult> {
    const { dataset } = this;
    checkChunk(chunk, this.options.batchSize, dataset?.labels);
    const { batchSize, indices, affine, learningRates } = chunk;
    const steps = learningRates.length;
    const samples = steps * batchSize;
    const region = new Allocator(
      this.grown(this.chunkRegion, padded(samples) + (affine ? padded(6 * samples) : 0) + padded(3 * steps) + 2 * padded(steps)),
    );
    const at = {
      indices: region.take(samples),
      affine: affine ? region.take(6 * samples) : undefined,
      rates: region.take(3 * steps),
      loss: region.take(steps),
      correct: region.take(steps),
    };
    this.words.set(indices, at.indices);
    if (affine) this.floats.set(affine, at.affine);
    this.floats.set(rateTable(learningRates, this.step), at.rates);
    await this.run(this.training, {
      ...at,
      steps,
      batch: batchSize,
      images: dataset!.offset,
      labels: offsetBy(dataset!.offset, (dataset!.labels.length * pixels) / 4),
    });
    this.step += steps;
    return {
      loss: this.floats.slice(at.loss, at.loss + steps),
      correct: Uint32Array.from(this.words.subarray(at.correct, at.correct + steps)),
    };
  }

  async profile(chunk: Chunk): Promise<Profile> {
    const { instructions } = this;
    const doubles = instructions.length * this.options.threads;
    const offset = this.take(2 * doubles);
    this.profiling = offset;
    const seconds = new Float64Array(this.shared.buffer, this.start + 4 * offset, doubles).fill(0);
    await this.train(chunk);
    this.profiling = undefined;
    const rows = new Map<string, ProfileRow>();
    const steps = chunk.learningRates.length;
    for (const [id, { label = "finish", multiplyAdds = 0 }] of instructions.entries()) {
      const row = rows.get(label) ?? { label, seconds: 0, multiplyAdds: 0 };
      for (let t = 0; t < this.options.threads; t++) row.seconds += seconds[t * instructions.length + id] / steps;
      row.multiplyAdds += multiplyAdds * chunk.batchSize;
      rows.set(label, row);
    }
    return { rows: [...rows.values()], peakFlops: peakFlops(this.backend) };
  }

  gradientNorms(): Map<string, number> {
    const squares = new Float64Array(this.shared.buffer, this.start + 4 * this.norms, this.instructions.length);
    const sums = new Map<string, number>();
    for (const [id, { parameter }] of this.instructions.entries()) {
      if (parameter) sums.set(parameter, (sums.get(parameter) ?? 0) + squares[id]);
    }
    return new Map([...sums].map(([name, sum]) => [name, Math.sqrt(sum)]));
  }

  async evaluate(split: Split): Promise<Evaluation> {
    checkSplit(split);
    const { images, labels } = split;
    const count = labels.length;
    const probabilities = new Float32Array(classes * count);
    let loss = 0;
    for (let first = 0; first < count; first += evaluationImages) {
      const part = Math.min(evaluationImages, count - first);
      const dataFloats = Math.ceil((part * (pixels + 1)) / 4);
      const region = new Allocator(this.grown(this.inferenceRegion, padded(dataFloats) + padded(blockChannels * part) + padded(part)));
      const data = region.take(dataFloats);
      const at = { probabilities: region.take(blockChannels * part), loss: region.take(part) };
      this.bytes.set(images.subarray(first * pixels, (first + part) * pixels), 4 * data);
      this.bytes.set(labels.subarray(first, first + part), 4 * data + part * pixels);
      await this.run(this.inference, { ...at, batch: part, images: data, labels: offsetBy(data, (part * pixels) / 4) });
      probabilities.set(this.rows(at.probabilities, part), classes * first);
      for (let i = 0; i < part; i++) loss += this.floats[at.loss + i];
    }
    return { loss: loss / count, predictions: argmax(probabilities), probabilities };
  }

  async predict(images: Float32Array): Promise<Float32Array> {
    const count = checkImages(images);
    const region = new Allocator(this.grown(this.inferenceRegion, padded(images.length) + padded(blockChannels * count)));
    const at = { floatImages: region.take(images.length), probabilities: region.take(blockChannels * count) };
    this.floats.set(images, at.floatImages);
    await this.run(this.inference, { ...at, batch: count });
    return this.rows(at.probabilities, count);
  }

  read(): State {
    return readState(this.store.stored, this.step, this.floats, this.store.vectorWidth);
  }

  write(state: State): void {
    checkState(state, this.options.model.parameters, slotNames(this.options.optimizer));
    writeState(this.store.stored, state, this.floats, this.store.vectorWidth);
    this.step = state.step;
    this.prepared = false;
  }

  memory(): { hostBytes: number } {
    return { hostBytes: this.shared.buffer.byteLength };
  }

  dispose(): Promise<void> {
    return this.threads.dispose();
  }

  private async run(placed: Placed, call: Partial<ProgramFields>): Promise<void> {
    const { preparation } = this.training;
    if (!this.prepared && preparation) await this.runProgram(this.training, preparation);
    this.prepared = true;
    await this.runProgram(placed, call);
  }

  private runProgram(placed: Placed, call: Partial<ProgramFields>): Promise<void> {
    const { normalization, optimizer, seed, threads } = this.options;
    const program: ProgramFields = {
      threads,
      ...placed.fixed,
      steps: 1,
      batch: 0,
      images: undefined,
      labels: undefined,
      floatImages: undefined,
      indices: undefined,
      affine: undefined,
      mean: normalization.mean,
      inverseDeviation: 1 / normalization.std,
      loss: undefined,
      correct: undefined,
      probabilities: undefined,
      laneLoss: this.laneLoss,
      seed,
      firstStep: this.step,
      optimizer: optimizer.type,
      momentum: optimizer.momentum,
      weightDecay: optimizer.weightDecay,
      rates: undefined,
      laneStride: this.store.gradients.stride,
      sumStride: this.store.sums.stride / 2,
      profile: placed === this.training ? this.profiling : undefined,
      ops: this.instructions.length,
      norms: this.norms,
      ...call,
    };
    this.words.set(encodeStruct("Program", program), placed.header);
    return this.threads.run(placed.header);
  }

  /** @returns [count × 10] from rows of sixteen */
  private rows(offset: Offset, count: number): Float32Array {
    const out = new Float32Array(classes * count);
    for (let i = 0; i < count; i++)
      out.set(this.floats.subarray(offset + blockChannels * i, offset + blockChannels * i + classes), classes * i);
    return out;
  }

  private grown(region: Growing, floats: number): Offset {
    if (floats > region.floats) {
      region.offset = this.take(floats);
      region.floats = floats;
    }
    return region.offset;
  }

  private take(floats: number): Offset {
    const offset = this.allocator.take(floats);
    const missing = this.pagesFor(this.allocator.end) - this.shared.buffer.byteLength / pageBytes;
    if (missing > 0) {
      this.shared.grow(missing);
      this.refresh();
    }
    return offset;
  }

  /** @throws UserError where the program cannot address that much */
  private pagesFor(floats: number): number {
    const pages = Math.ceil((this.start + 4 * floats) / pageBytes);
    if (pages > mostPages) {
      const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
      throw new UserError(
        `This model needs ${gib(pages * pageBytes)} GiB at batch ${this.options.batchSize} with ${this.options.threads} threads, but 4 GiB is the limit; use a smaller --batch-size or fewer --threads.`,
      );
    }
    return pages;
  }

  private refresh(): void {
    const { buffer } = this.shared;
    this.floats = new Float32Array(buffer, this.start);
    this.words = new Int32Array(buffer, this.start);
    this.bytes = new Uint8Array(buffer, this.start);
  }
}
