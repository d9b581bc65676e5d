import type { FusedActivation } from "../shared/fusion.js";
import { type Arguments, blocksFor, type Step, type StructValue, step } from "./kernels.js";
import { type Buffer, type BufferList, bufferLength, view } from "./memory.js";
import type { Block } from "./parameters.js";
import { imageFloats, type Value, type Values } from "./values.js";

/** Sums over pixels: blocks enough for every GPU of today, few enough that one block can add up their sums. */
const sumBlocks = 256;
/** Quads of channels that one of them takes, and rows that make it worth its while; see native/cuda/columns.cuh. */
const blockQuads = 64;
const leastRows = 32;
/** Rows of a batch norm's table, native/cuda/normalize.cuh. */
const tableRows = 6;

/** One batch norm's parameters and table. */
export interface Normalizer {
  layer: string;
  weight: Block;
  bias: Block;
  runningMean: Block;
  runningVariance: Block;
  table: Buffer;
  /** One for the gradient of the weight and one for that of the bias. */
  gradients?: { weight: Buffer; bias: Buffer };
}

export type Activation = FusedActivation<Value, Normalizer>;

/** Makes the launches of everything that stands between two products. Each returned function gives them for a batch of so many images. */
export class Activations {
  private readonly parts: ReturnType<BufferList["shared"]>;
  private readonly tickets: Buffer;

  /** @param parameters the arena @param run native/cuda/common.cuh's Run */
  constructor(
    private readonly buffers: BufferList,
    private readonly values: Values,
    private readonly parameters: Buffer,
    private readonly run: Buffer,
  ) {
    this.parts = buffers.shared("sums of blocks");
    this.tickets = buffers.add("tickets", "u32", 1);
  }

  table({ memory }: Value, layer: string): Buffer {
    return this.buffers.add(`${layer} table`, "f32", tableRows, memory);
  }

  /** Mean and variance of the batch. */
  statistics(n: Normalizer, input: Value): (images: number) => Step[] {
    this.needParts(2, input);
    return (images) => {
      const rows = images * input.height * input.width;
      const grid = sumGrid(rows, input);
      const args = {
        ...{ x: view(input.storage.data, 0, rows * input.memory), ...this.normalizer(n) },
        ...{ parts: view(this.parts.buffer, 0, grid[0] * 2 * input.memory), tickets: view(this.tickets, 0, grid[1]) },
        ...{ quads: input.memory / 4, rows },
      };
      return [step(`${n.layer} statistics`, "statistics", grid, args)];
    };
  }

  /** The table out of the running statistics. */
  runningTable(n: Normalizer, { memory }: Value): Step {
    const args = { ...this.normalizer(n), channels: memory };
    return step(`${n.layer} table`, "runningTable", [blocksFor("runningTable", memory)], args);
  }

  forward(a: Activation, out: Value): (images: number) => Step[] {
    const kernel = a.pool ? "activate_pooled" : "activate_pixels";
    return (images) => {
      const windows = shape(a, out, images, Math.floor);
      const args = { ...this.inputs(a, images), out: view(out.storage.data, 0, images * imageFloats(out)), a: windows };
      return [step(`activation of ${a.input.name}`, kernel, [blocksFor(kernel, threads(windows))], args)];
    };
  }

  /** Gradients of the batch norms' weights and biases, and the means that their inputs' gradients need. */
  sums(a: Activation, out: Value): (images: number) => Step[] {
    const { normalize, skip } = a;
    if (!normalize) throw new Error("Only batch norm needs sums.");
    this.needParts(3, a.input);
    const kernel = a.pool ? "activateSums_pooled" : "activateSums_pixels";
    const gradient = (n: Normalizer | undefined, part: "weight" | "bias") => (n ? view(n.gradients![part]) : null);
    return (images) => {
      const windows = shape(a, out, images, Math.ceil);
      const grid = sumGrid(images * windows.windowsDown * windows.windowsAcross, a.input);
      const args = {
        ...{ ...this.inputs(a, images), dOut: this.gradient(out, images) },
        ...{ dWeight: gradient(normalize, "weight"), dBias: gradient(normalize, "bias") },
        ...{ dSkipWeight: gradient(skip?.normalize, "weight"), dSkipBias: gradient(skip?.normalize, "bias") },
        ...{ parts: view(this.parts.buffer, 0, grid[0] * 3 * a.input.memory), tickets: view(this.tickets, 0, grid[1]), a: windows },
      };
      return [step(`${normalize.layer} backward sums`, kernel, grid, args)];
    };
  }

  /** @param needed whether somebody waits for the gradient of a value */
  backward(a: Activation, out: Value, needed: (value: Value) => boolean): (images: number) => Step[] {
    const { input, skip } = a;
    const target = (value: Value | undefined) => (value && needed(value) ? this.values.gradient(value) : undefined);
    const [dIn, dSkip] = [target(input), target(skip?.value)];
    if (!dIn && !dSkip) return () => [];
    const kernel = a.pool ? "activateBack_pooled" : "activateBack_pixels";
    return (images) => {
      const windows = shape(a, out, images, Math.ceil);
      const floats = images * imageFloats(input);
      const args: Arguments<typeof kernel> = {
        ...{ ...this.inputs(a, images), dOut: this.gradient(out, images) },
        ...{ dIn: dIn ? view(dIn.buffer, 0, floats) : null, dSkip: dSkip ? view(dSkip.buffer, 0, floats) : null },
        ...{ maskIn: Number(input.storage.masked), maskSkip: Number(skip?.value.storage.masked ?? false) },
        ...{ accumulateIn: Number(dIn?.accumulate ?? false), accumulateSkip: Number(dSkip?.accumulate ?? false), a: windows },
      };
      return [step(`activation of ${input.name} backward`, kernel, [blocksFor(kernel, threads(windows))], args)];
    };
  }

  averagePool(input: Value, out: Value): (images: number) => Step[] {
    return (images) => {
      const count = (images * imageFloats(out)) / 4;
      const args = {
        ...{ x: view(input.storage.data, 0, images * imageFloats(input)), y: view(out.storage.data, 0, 4 * count) },
        ...{ quads: input.memory / 4, area: input.height * input.width, count },
      };
      return [step("global average pool", "averagePool", [blocksFor("averagePool", count)], args)];
    };
  }

  averagePoolBack(input: Value, out: Value): (images: number) => Step[] {
    const { buffer, accumulate } = this.values.gradient(input);
    return (images) => {
      const floats = images * imageFloats(input);
      const args = {
        ...{ dy: this.gradient(out, images), dx: view(buffer, 0, floats) },
        mask: input.storage.masked ? view(input.storage.data, 0, floats) : null,
        ...{ quads: input.memory / 4, area: input.height * input.width, count: floats / 4, accumulate: Number(accumulate) },
      };
      return [step("global average pool backward", "averagePoolBack", [blocksFor("averagePoolBack", floats / 4)], args)];
    };
  }

  private needParts(sums: number, { memory }: Value): void {
    this.parts.need(sumBlocks * sums * memory);
    this.tickets.shape = [Math.max(bufferLength(this.tickets), channelBlocks(memory))];
  }

  private inputs({ input, normalize, skip }: Activation, images: number) {
    const floats = images * imageFloats(input);
    const table = (n: Normalizer | undefined) => (n ? view(n.table) : null);
    return {
      ...{ run: view(this.run), in: view(input.storage.data, 0, floats), table: table(normalize) },
      ...{ skip: skip ? view(skip.value.storage.data, 0, floats) : null, skipTable: table(skip?.normalize) },
    };
  }

  private normalizer({ weight, bias, runningMean, runningVariance, table }: Normalizer) {
    const at = ({ first, count }: Block) => view(this.parameters, first, count);
    return {
      ...{ weight: at(weight), bias: at(bias), runningMean: at(runningMean), runningVariance: at(runningVariance) },
      table: view(table),
    };
  }

  private gradient(value: Value, images: number) {
    return view(value.storage.gradient!, 0, images * imageFloats(value));
  }
}

/** @param round of half a window: down where windows are made, up where those that were dropped need zeros */
function shape(a: Activation, out: Value, images: number, round: (x: number) => number): StructValue<"Activation"> {
  const { height, width, memory } = a.input;
  const side = a.pool ? 2 : 1;
  const { index = -1, rate = 0 } = a.dropout ?? {};
  const { counted } = out.storage;
  return {
    ...{ height, width, images, isRelu: Number(a.relu ?? false) },
    ...{ dropout: index, dropoutThreshold: Math.ceil(rate * 2 ** 24), dropoutScale: 1 / (1 - rate) },
    ...{ dropoutChannels: counted.channels, dropoutPixels: counted.pixels, dropoutMemory: counted.memory },
    ...{ quads: memory / 4, windowsDown: round(height / side), windowsAcross: round(width / side) },
  };
}

function threads({ images, windowsDown, windowsAcross, quads }: StructValue<"Activation">): number {
  return images * windowsDown * windowsAcross * quads;
}

function sumGrid(rows: number, { memory }: Value): [blocks: number, channelBlocks: number] {
  return [Math.max(1, Math.min(sumBlocks, Math.ceil(rows / leastRows))), channelBlocks(memory)];
}

function channelBlocks(memory: number): number {
  return Math.ceil(memory / 4 / blockQuads);
}
