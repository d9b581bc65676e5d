import type { FusedActivation, UnfusedPool } from "../shared/fusion.js";
import { type FeatureBuffers, type Features, imageFloats } from "./features.js";
import { type Arguments, blocksFor, type KernelCall, kernelCall, type StructValue } from "./kernels.js";
import { type BufferList, bufferLength, type DeviceBuffer, view } from "./memory.js";
import type { ParameterGroup } from "./parameters.js";
import { constants, tableRows } from "./schema.js";

/** Thread blocks of a sum over pixels: enough for every GPU of today, few enough that one block can add up their results. */
const sumBlocks = 256;
/** The fewest rows that are worth such a block; see native/cuda/columns.cuh. */
const leastRows = 32;

/** One batch norm's parameters and table. */
export interface Normalizer {
  layer: string;
  weight: ParameterGroup;
  bias: ParameterGroup;
  runningMean: ParameterGroup;
  runningVariance: ParameterGroup;
  table: DeviceBuffer;
  /** Of the weight and of the bias, in training. */
  gradients?: { weight: DeviceBuffer; bias: DeviceBuffer };
}

export type Activation = FusedActivation<Features, Normalizer>;

/** Makes the calls of everything between two products. Each returned function gives those for a batch of some number of images. */
export class Activations {
  private readonly parts: ReturnType<BufferList["shared"]>;
  private readonly tickets: DeviceBuffer;

  /** @param parameters the arena @param run a `Run` of schema.ts */
  constructor(
    private readonly buffers: BufferList,
    private readonly features: FeatureBuffers,
    private readonly parameters: DeviceBuffer,
    private readonly run: DeviceBuffer,
  ) {
    this.parts = buffers.shared("sums of blocks");
    this.tickets = buffers.add("tickets", "u32", 1);
  }

  table({ memory }: Features, layer: string): DeviceBuffer {
    return this.buffers.add(`${layer} table`, "f32", tableRows, memory);
  }

  /** Mean and variance of the batch. */
  statistics(n: Normalizer, input: Features): (images: number) => KernelCall[] {
    this.needParts(2, input);
    return (images) => {
      const rows = images * input.height * input.width;
      const grid = sumGrid(rows, input);
      const args = {
        ...{ x: view(input.storage.data, 0, rows * input.memory), ...this.normalizer(n) },
        ...{ parts: view(this.parts.buffer, 0, grid[0] * 2 * input.memory), tickets: view(this.tickets, 0, grid[1]) },
        ...{ quads: input.memory / 4, rows },
      };
      return [kernelCall(`${n.layer} statistics`, "statistics", grid, args)];
    };
  }

  /** The table of inference, from the running statistics. */
  runningTable(n: Normalizer, { memory }: Features): KernelCall {
    const args = { ...this.normalizer(n), channels: memory };
    return kernelCall(`${n.layer} table`, "runningTable", [blocksFor("runningTable", memory)], args);
  }

  forward(a: Activation, out: Features): (images: number) => KernelCall[] {
    const kernel = a.pool ? "activate_pooled" : "activate_pixels";
    return (images) => {
      const windows = shape(a, out, images, Math.floor);
      const args = { ...this.inputs(a, images), out: view(out.storage.data, 0, images * imageFloats(out)), a: windows };
      return [kernelCall(`activation of ${a.input.name}`, kernel, [blocksFor(kernel, threads(windows))], args)];
    };
  }

  /** Gradients of the batch norms' weights and biases, and the means that their inputs' gradients need. */
  sums(a: Activation, out: Features): (images: number) => KernelCall[] {
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
      return [kernelCall(`${normalize.layer} backward sums`, kernel, grid, args)];
    };
  }

  /** @param needsGradient whether the backward pass goes on to these features */
  backward(a: Activation, out: Features, needsGradient: (features: Features) => boolean): (images: number) => KernelCall[] {
    const { input, skip } = a;
    const target = (features: Features | undefined) => (features && needsGradient(features) ? this.features.gradient(features) : undefined);
    const [dIn, dSkip] = [target(input), target(skip?.value)];
    if (!dIn && !dSkip) return () => [];
    const kernel = a.pool ? "activateBack_pooled" : "activateBack_pixels";
    return (images) => {
      const windows = shape(a, out, images, Math.ceil);
      const floats = images * imageFloats(input);
      const args: Arguments<typeof kernel> = {
        ...{ ...this.inputs(a, images), dOut: this.gradient(out, images) },
        ...{ dIn: dIn ? view(dIn.buffer, 0, floats) : null, dSkip: dSkip ? view(dSkip.buffer, 0, floats) : null },
        ...{ maskIn: input.storage.masked, maskSkip: skip?.value.storage.masked ?? false },
        ...{ accumulateIn: dIn?.accumulate ?? false, accumulateSkip: dSkip?.accumulate ?? false, a: windows },
      };
      return [kernelCall(`activation of ${input.name} backward`, kernel, [blocksFor(kernel, threads(windows))], args)];
    };
  }

  pool(kernel: UnfusedPool["type"], label: string, input: Features, out: Features): (images: number) => KernelCall[] {
    return (images) => {
      const count = (images * imageFloats(out)) / 4;
      const args = {
        ...{ x: view(input.storage.data, 0, images * imageFloats(input)), y: view(out.storage.data, 0, 4 * count) },
        ...{ g: poolShape(input, out), count },
      };
      return [kernelCall(label, kernel, [blocksFor(kernel, count)], args)];
    };
  }

  poolBack(type: UnfusedPool["type"], label: string, input: Features, out: Features): (images: number) => KernelCall[] {
    const { buffer, accumulate } = this.features.gradient(input);
    const kernel = `${type}Back` as const;
    return (images) => {
      const floats = images * imageFloats(input);
      const args = {
        ...{ dy: this.gradient(out, images), dx: view(buffer, 0, floats) },
        mask: input.storage.masked ? view(input.storage.data, 0, floats) : null,
        ...{ g: poolShape(input, out), count: floats / 4, accumulate },
      };
      return [kernelCall(`${label} backward`, kernel, [blocksFor(kernel, floats / 4)], args)];
    };
  }

  private needParts(sums: number, { memory }: Features): void {
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
    const at = ({ first, count }: ParameterGroup) => view(this.parameters, first, count);
    return {
      ...{ weight: at(weight), bias: at(bias), runningMean: at(runningMean), runningVariance: at(runningVariance) },
      table: view(table),
    };
  }

  private gradient(features: Features, images: number) {
    return view(features.storage.gradient!, 0, images * imageFloats(features));
  }
}

/** @param round of half a window: down in the forward pass, up in the backward pass, where an odd last row or column gets zeros */
function shape(a: Activation, out: Features, images: number, round: (x: number) => number): StructValue<"Activation"> {
  const { height, width, memory } = a.input;
  const side = a.pool ? 2 : 1;
  const { index = -1, rate = 0 } = a.dropout ?? {};
  const { counted } = out.storage;
  return {
    ...{ height, width, images, isRelu: a.relu ?? false },
    ...{ dropout: index, dropoutThreshold: Math.ceil(rate * 2 ** 24), dropoutScale: 1 / (1 - rate) },
    ...{ dropoutChannels: counted.channels, dropoutPixels: counted.pixels, dropoutMemory: counted.memory },
    ...{ quads: memory / 4, windowsDown: round(height / side), windowsAcross: round(width / side) },
  };
}

function poolShape({ memory, height, width }: Features, out: Features): StructValue<"Pool"> {
  return { quads: memory / 4, height, width, outHeight: out.height, outWidth: out.width };
}

function threads({ images, windowsDown, windowsAcross, quads }: StructValue<"Activation">): number {
  return images * windowsDown * windowsAcross * quads;
}

function sumGrid(rows: number, { memory }: Features): [blocks: number, channelBlocks: number] {
  return [Math.max(1, Math.min(sumBlocks, Math.ceil(rows / leastRows))), channelBlocks(memory)];
}

function channelBlocks(memory: number): number {
  return Math.ceil(memory / 4 / constants.blockQuads);
}
