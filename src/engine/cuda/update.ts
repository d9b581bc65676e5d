import type { OptimizerSettings } from "../../model/optimizers.js";
import { type KernelCall, kernelCall, structBytes, structSize } from "./kernels.js";
import type { Gradient, Lowered } from "./lower.js";
import { addressOf, type BufferList, type DeviceBuffer, view } from "./memory.js";
import type { ParameterStore } from "./parameters.js";
import { constants } from "./schema.js";

/** Floats that one block of the update moves, four each thread. */
const blockFloats = 4 * constants.updateThreads;

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
    this.blockTable = buffers.add("blocks of the update", "bytes", this.blocks.length, structSize("UpdateBlock"));
    this.ticket = buffers.add("ticket of the update", "u32", 1);
    this.squares = buffers.add("squares of the gradients", "f32", this.blocks.length);
  }

  /** @returns the table of blocks and its contents */
  blockTableBytes(): { buffer: DeviceBuffer; data: Uint8Array } {
    return { buffer: this.blockTable, data: structBytes("UpdateBlock", this.blocks) };
  }

  /** @returns a table for the addresses of one batch size's gradients */
  segmentBuffer(gradients: readonly Gradient[]): DeviceBuffer {
    return { name: "segments of the update", type: "bytes", shape: [gradients.length, structSize("Segment")] };
  }

  /** @returns the contents of that table, once the gradients have their memory */
  segmentBytes(gradients: readonly Gradient[]): Uint8Array {
    const segments = gradients.map(({ group, buffer, parts }) => ({
      ...{ gradient: addressOf(view(buffer)), first: group.first, count: group.count, parts },
    }));
    return structBytes("Segment", segments);
  }

  updateCall(segments: DeviceBuffer): KernelCall {
    const { parameters, slots } = this.arenas;
    const { type, momentum, weightDecay } = this.optimizer;
    return kernelCall("update", "update", [this.blocks.length], {
      ...{ run: view(this.run), segments: view(segments), blocks: view(this.blockTable), parameters: view(parameters) },
      ...{ slot0: slots[0] ? view(slots[0]) : null, slot1: slots[1] ? view(slots[1]) : null, ticket: view(this.ticket) },
      ...{ optimizer: type, momentum, weightDecay },
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
