import { type OptimizerSettings, optimizers } from "../../model/optimizers.js";
import { type KernelCall, kernelCall } from "./kernels.js";
import type { Gradient, Lowered } from "./lower.js";
import { addressOf, type BufferList, type DeviceBuffer, view } from "./memory.js";
import type { ParameterStore } from "./parameters.js";

/** Floats that one block of the update moves: 128 threads, four each. */
const blockFloats = 512;
/** native/cuda/update.cuh: Segment and UpdateBlock. */
const segmentBytes = 24;
const blockWords = 3;

/** The update of all parameters in one launch, and the norms of their gradients on request. */
export class Update {
  /** Which floats of which gradient each thread block takes, and the parameter that they belong to. */
  private readonly blocks: { name: string; segment: number; from: number; end: number }[] = [];
  private readonly blockTable: DeviceBuffer;
  private readonly ticket: DeviceBuffer;
  private readonly squares: DeviceBuffer;

  /** @param gradients of any batch size: sizes differ in the number of parts alone */
  constructor(
    private readonly optimizer: OptimizerSettings,
    private readonly arenas: { parameters: DeviceBuffer; slots: readonly DeviceBuffer[] },
    private readonly run: Lowered["run"],
    gradients: readonly Gradient[],
    store: ParameterStore,
    buffers: BufferList,
  ) {
    for (const [segment, { group }] of gradients.entries()) {
      for (const { name, from, end } of store.pieces(group)) {
        for (let at = from; at < end; at += blockFloats)
          this.blocks.push({ name, segment, from: at, end: Math.min(end, at + blockFloats) });
      }
    }
    this.blockTable = buffers.add("blocks of the update", "u32", this.blocks.length, blockWords);
    this.ticket = buffers.add("ticket of the update", "u32", 1);
    this.squares = buffers.add("squares of the gradients", "f32", this.blocks.length);
  }

  /** @returns the table of blocks and its contents */
  blockWords(): { buffer: DeviceBuffer; data: Uint32Array } {
    return { buffer: this.blockTable, data: Uint32Array.from(this.blocks.flatMap(({ segment, from, end }) => [segment, from, end])) };
  }

  /** @returns a table for the addresses of one batch size's gradients */
  segmentBuffer(gradients: readonly Gradient[]): DeviceBuffer {
    return { name: "segments of the update", type: "bytes", shape: [gradients.length, segmentBytes] };
  }

  /** @returns the contents of that table, once the gradients have their memory */
  segmentWords(gradients: readonly Gradient[]): DataView {
    const data = new DataView(new ArrayBuffer(gradients.length * segmentBytes));
    for (const [i, { group, buffer, parts }] of gradients.entries()) {
      data.setBigUint64(i * segmentBytes, addressOf(view(buffer)), true);
      for (const [k, word] of [group.first, group.count, parts].entries()) data.setUint32(i * segmentBytes + 8 + 4 * k, word, true);
    }
    return data;
  }

  updateCall(segments: DeviceBuffer): KernelCall {
    const { parameters, slots } = this.arenas;
    const { type, momentum, weightDecay } = this.optimizer;
    return kernelCall("update", "update", [this.blocks.length], {
      ...{ run: view(this.run), segments: view(segments), blocks: view(this.blockTable), parameters: view(parameters) },
      ...{ slot0: slots[0] ? view(slots[0]) : null, slot1: slots[1] ? view(slots[1]) : null, ticket: view(this.ticket) },
      ...{ optimizer: optimizers[type].code, momentum, weightDecay },
    });
  }

  squaresCall(segments: DeviceBuffer): KernelCall {
    const args = { segments: view(segments), blocks: view(this.blockTable), sums: view(this.squares) };
    return kernelCall("gradient norms", "gradientSquares", [this.blocks.length], args);
  }

  /** @param read fills the array from the buffer @returns the norm of each parameter's gradient, after squaresCall */
  norms(read: (into: Float32Array, from: DeviceBuffer) => void): Map<string, number> {
    const squares = new Float32Array(this.blocks.length);
    read(squares, this.squares);
    const sums = new Map<string, number>();
    for (const [i, { name }] of this.blocks.entries()) sums.set(name, (sums.get(name) ?? 0) + squares[i]);
    return new Map([...sums].map(([name, sum]) => [name, Math.sqrt(sum)]));
  }
}
