import type { Split } from "../../data/split.js";
import { initialTensors } from "../../model/initialize.js";
import { argmax, classes } from "../../model/logits.js";
import { slotNames } from "../../model/optimizers.js";
import { imagePixels } from "../../util/image-size.js";
import { checkChunk, checkImages, checkSplit, checkState } from "../contract/check.js";
import type { EngineInfo } from "../contract/engine.js";
import type { Profile } from "../contract/profile.js";
import type { Chunk, ChunkResult, Evaluation, Session, SessionOptions } from "../contract/session.js";
import type { State } from "../contract/state.js";
import { type Offset, offsetBy } from "../schema/fields.js";
import { rateTable } from "../shared/rate-table.js";
import { type CompiledModel, compile, inferenceImages, type PlacedProgram, type ProgramFields } from "./compile/compile.js";
import { Allocator } from "./memory/allocator.js";
import { Arena, CallMemory } from "./memory/arena.js";
import { padded } from "./memory/feature-map.js";
import { readState, writeState } from "./memory/parameters.js";
import { profileRows } from "./profile.js";
import { encodeStruct } from "./program/encode.js";
import { constants } from "./program/schema.js";
import { type Backend, peakFlops } from "./run/backend.js";
import { Threads } from "./run/threads.js";
import { arenaStart } from "./run/wasm.js";

const { affineFloats, blockChannels, rateFloats } = constants;

/** Images that are evaluated at a time: tasks enough that no thread waits long for the last one, and no second copy of a whole test split. */
const evaluationImages = 200 * inferenceImages;

/** A session of the fused CPU engine: one arena, one program for training and one for inference, threads that run them. */
export class CpuSession implements Session {
  private readonly compiled: CompiledModel;
  private readonly arena: Arena;
  private readonly threads: Threads;
  private readonly chunkMemory: CallMemory;
  private readonly inferenceMemory: CallMemory;
  private step = 0;
  /** Transposed and transformed copies of the weights are up to date. */
  private prepared = false;
  private profiling: Offset | undefined;
  private dataset: { offset: Offset; labels: Uint8Array } | undefined;

  constructor(
    private readonly options: SessionOptions,
    private readonly backend: Backend,
    readonly info: EngineInfo,
  ) {
    const { model, batchSize, threads, seed } = options;
    const allocator = new Allocator();
    this.compiled = compile(options, backend.vectorWidth, allocator);
    const help = `at batch ${batchSize} with ${threads} threads, but 4 GiB is the limit; use a smaller --batch-size or fewer --threads.`;
    this.arena = new Arena(arenaStart(threads), allocator, help);
    // First, because threads take a while to start.
    this.threads = new Threads(backend, this.arena.memory, threads);
    this.chunkMemory = new CallMemory(this.arena);
    this.inferenceMemory = new CallMemory(this.arena);
    const { training, inference, store } = this.compiled;
    for (const { code, codeAt } of [training, inference]) this.arena.words.set(code, codeAt);
    store.writeTileTables(this.arena.words);
    this.write({ step: 0, tensors: initialTensors(model, seed) });
  }

  load(split: Split): void {
    checkSplit(split);
    const resident = this.reserve(split.labels.length);
    resident.images.set(split.images);
    resident.labels.set(split.labels);
  }

  reserve(samples: number): Split {
    const offset = this.arena.take(splitFloats(samples));
    const end = 4 * offset + samples * imagePixels;
    const { bytes } = this.arena;
    const labels = bytes.subarray(end, end + samples);
    this.dataset = { offset, labels };
    return { images: bytes.subarray(4 * offset, end), labels };
  }

  async train(chunk: Chunk): Promise<ChunkResult> {
    const { dataset } = this;
    checkChunk(chunk, this.options.batchSize, dataset?.labels);
    const { batchSize, indices, affine, learningRates } = chunk;
    const steps = learningRates.length;
    const samples = steps * batchSize;
    const sizes = [samples, affine ? affineFloats * samples : 0, rateFloats * steps, steps, steps];
    const memory = this.chunkMemory.begin(sizes.reduce((sum, floats) => sum + padded(floats), 0));
    const at = {
      indices: memory.take(samples),
      affine: affine ? memory.take(affineFloats * samples) : undefined,
      rates: memory.take(rateFloats * steps),
      loss: memory.take(steps),
      correct: memory.take(steps),
    };
    this.arena.words.set(indices, at.indices);
    if (affine) this.arena.floats.set(affine, at.affine);
    this.arena.floats.set(rateTable(learningRates, this.step), at.rates);
    await this.run(this.compiled.training, { ...at, steps, batch: batchSize, ...splitAt(dataset!.offset, dataset!.labels.length) });
    this.step += steps;
    return {
      loss: this.arena.floats.slice(at.loss, at.loss + steps),
      correct: Uint32Array.from(this.arena.words.subarray(at.correct, at.correct + steps)),
    };
  }

  async profile(chunk: Chunk): Promise<Profile> {
    const { instructions } = this.compiled;
    const doubles = instructions.length * this.options.threads;
    this.profiling = this.arena.take(2 * doubles);
    const seconds = this.arena.doubles(this.profiling, doubles).fill(0);
    await this.train(chunk);
    this.profiling = undefined;
    const rows = profileRows(instructions, seconds, chunk.learningRates.length, chunk.batchSize);
    return { rows, peakFlops: peakFlops(this.backend) };
  }

  gradientNorms(): Map<string, number> {
    const { norms, instructions } = this.compiled;
    const squares = this.arena.doubles(norms, instructions.length);
    const sums = new Map<string, number>();
    for (const [id, { parameter }] of instructions.entries()) {
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
      const memory = this.inferenceMemory.begin(padded(splitFloats(part)) + padded(blockChannels * part) + padded(part));
      const data = memory.take(splitFloats(part));
      const at = { probabilities: memory.take(blockChannels * part), loss: memory.take(part) };
      const { bytes } = this.arena;
      bytes.set(images.subarray(first * imagePixels, (first + part) * imagePixels), 4 * data);
      bytes.set(labels.subarray(first, first + part), 4 * data + part * imagePixels);
      await this.run(this.compiled.inference, { ...at, batch: part, ...splitAt(data, part) });
      probabilities.set(this.rows(at.probabilities, part), classes * first);
      for (let i = 0; i < part; i++) loss += this.arena.floats[at.loss + i];
    }
    return { loss: loss / count, predictions: argmax(probabilities), probabilities };
  }

  async predict(images: Float32Array): Promise<Float32Array> {
    const count = checkImages(images);
    const memory = this.inferenceMemory.begin(padded(images.length) + padded(blockChannels * count));
    const at = { floatImages: memory.take(images.length), probabilities: memory.take(blockChannels * count) };
    this.arena.floats.set(images, at.floatImages);
    await this.run(this.compiled.inference, { ...at, batch: count });
    return this.rows(at.probabilities, count);
  }

  read(): State {
    const { stored, vectorWidth } = this.compiled.store;
    return readState(stored, this.step, this.arena.floats, vectorWidth);
  }

  write(state: State): void {
    const { stored, vectorWidth } = this.compiled.store;
    checkState(state, this.options.model.parameters, slotNames(this.options.optimizer));
    writeState(stored, state, this.arena.floats, vectorWidth);
    this.step = state.step;
    this.prepared = false;
  }

  memory(): { hostBytes: number } {
    return { hostBytes: this.arena.memory.buffer.byteLength };
  }

  dispose(): Promise<void> {
    return this.threads.dispose();
  }

  private async run(program: PlacedProgram, call: Partial<ProgramFields>): Promise<void> {
    const { training } = this.compiled;
    if (!this.prepared && training.preparation) await this.runProgram(training, training.preparation);
    this.prepared = true;
    await this.runProgram(program, call);
  }

  private runProgram(program: PlacedProgram, call: Partial<ProgramFields>): Promise<void> {
    const { normalization, optimizer, seed, threads } = this.options;
    const { store, laneLoss, norms, instructions, training } = this.compiled;
    const fields: ProgramFields = {
      threads,
      ...program.fixed,
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
      laneLoss,
      seed,
      firstStep: this.step,
      optimizer: optimizer.type,
      momentum: optimizer.momentum,
      weightDecay: optimizer.weightDecay,
      rates: undefined,
      laneStride: store.gradients.stride,
      sumStride: store.sums.stride / 2,
      profile: program === training ? this.profiling : undefined,
      ops: instructions.length,
      norms,
      ...call,
    };
    this.arena.words.set(encodeStruct("Program", fields), program.header);
    return this.threads.run(program.header);
  }

  /** @returns [count × 10] from rows of a block */
  private rows(offset: Offset, count: number): Float32Array {
    const out = new Float32Array(classes * count);
    for (let i = 0; i < count; i++) {
      const row = offset + blockChannels * i;
      out.set(this.arena.floats.subarray(row, row + classes), classes * i);
    }
    return out;
  }
}

/** @returns floats that a split takes: bytes of images, behind them labels */
function splitFloats(samples: number): number {
  return Math.ceil((samples * (imagePixels + 1)) / 4);
}

/** @returns where a split of `count` samples lies, as a program has it */
function splitAt(images: Offset, count: number): { images: Offset; labels: Offset } {
  return { images, labels: offsetBy(images, (count * imagePixels) / 4) };
}
