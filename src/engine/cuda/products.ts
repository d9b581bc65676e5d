import { type FeatureBuffers, type Features, imageFloats } from "./features.js";
import { blocksFor, type KernelCall, kernelCall, type StructValue } from "./kernels.js";
import { type BufferList, bufferLength, type DeviceBuffer, view } from "./memory.js";
import type { Matrix } from "./parameters.js";
import { chooseTiling, type Product, tiles } from "./tiles.js";

/** A convolution, or a dense layer as one of 1×1. */
export interface Convolution {
  name: string;
  input: Features;
  output: Features;
  kernel: 1 | 3;
  stride: 1 | 2;
  padding: 0 | 1;
  weights: Matrix;
}

/** Makes the calls of a layer's three products. Each returned function gives those for a batch of some number of images. */
export class Products {
  private readonly scratch: ReturnType<BufferList["shared"]>;

  /** @param parameters the arena @param images of the largest batch */
  constructor(
    private readonly buffers: BufferList,
    private readonly features: FeatureBuffers,
    private readonly parameters: DeviceBuffer,
    private readonly images: number,
    private readonly multiprocessors: number,
  ) {
    this.scratch = buffers.shared("sums of parts");
  }

  /** @param isRelu asked when a batch's calls are made, for a relu may join after this one */
  forward(c: Convolution, isRelu: () => boolean): (images: number) => KernelCall[] {
    const { weights, output } = c;
    const label = `${c.name} forward`;
    const pixels = output.height * output.width;
    const product = (images: number, mostParts: number): Product => ({
      ...{ rows: images * pixels, columns: output.memory, depth: weights.rows, mostParts, combined: true },
    });
    const largest = chooseTiling(product(this.images, 64), this.multiprocessors);
    if (largest.parts > 1) this.scratch.need(largest.parts * this.images * imageFloats(output));
    return (images) => {
      const rows = images * pixels;
      const floats = rows * output.memory;
      const mostParts = largest.parts > 1 ? Math.floor(bufferLength(this.scratch.buffer) / floats) : 1;
      const { tile, parts, length } = chooseTiling(product(images, Math.min(64, mostParts)), this.multiprocessors);
      const whole = parts === 1;
      const grid = [Math.ceil(rows / tiles[tile].rows), Math.ceil(output.memory / tiles[tile].columns), parts];
      const y = view(output.storage.data, 0, floats);
      const calls = [
        kernelCall(label, `forward_${tile}`, grid, {
          ...{ x: this.data(c.input, images), w: view(this.parameters, weights.first, weights.count) },
          y: whole ? y : view(this.scratch.buffer, 0, parts * floats),
          ...{ g: geometry(c), pixels: rows, length },
          ...{ bias: whole && weights.bias, isRelu: whole && isRelu() },
        }),
      ];
      if (whole) return calls;
      const bias = view(this.parameters, weights.first + weights.rows * weights.columns, weights.columns);
      const combined = {
        ...{ parts: view(this.scratch.buffer, 0, parts * floats), bias: weights.bias ? bias : null, y },
        ...{ outputQuads: output.memory / 4, quads: floats / 4, count: parts, isRelu: isRelu() },
      };
      return [...calls, kernelCall(label, "combine", [blocksFor("combine", floats / 4)], combined)];
    };
  }

  /** The gradient by the input, from that by the output. */
  inputGradient(c: Convolution): (images: number) => KernelCall[] {
    const { input, stride, output, kernel } = c;
    const { buffer, accumulate } = this.features.gradient(input);
    const g = geometry(c);
    const part = g.partHeight * g.partWidth;
    const depth = (kernel * kernel * output.memory) / (stride * stride);
    return (images) => {
      const product = { rows: images * part, columns: input.memory, depth, copies: stride * stride };
      const { tile } = chooseTiling(product, this.multiprocessors);
      const grid = [Math.ceil(product.rows / tiles[tile].rows), Math.ceil(input.memory / tiles[tile].columns), product.copies];
      return [
        kernelCall(`${c.name} input gradient`, `inputGradient_${tile}`, grid, {
          ...{ dy: this.gradient(output, images), w: view(this.parameters, c.weights.first, c.weights.rows * c.weights.columns) },
          ...{ dx: view(buffer, 0, images * imageFloats(input)), mask: input.storage.masked ? this.data(input, images) : null },
          ...{ g, pixels: product.rows, accumulate },
        }),
      ];
    };
  }

  /** @returns the calls, and the buffer that receives the gradient: [parts, …] of the weights' group */
  weightGradient(c: Convolution): { buffer: DeviceBuffer; batch(images: number): { calls: KernelCall[]; parts: number } } {
    const { weights, output } = c;
    const pixels = output.height * output.width;
    const rows = weights.rows + (weights.bias ? 4 : 0);
    const product = (images: number, mostParts: number): Product => ({ rows, columns: weights.columns, depth: images * pixels, mostParts });
    const most = chooseTiling(product(this.images, 1024), this.multiprocessors).parts;
    const buffer = this.buffers.add(`${c.name} weight gradient`, "f32", most, rows, weights.columns);
    const batch = (images: number) => {
      const { tile, parts, length } = chooseTiling(product(images, most), this.multiprocessors);
      const grid = [Math.ceil(rows / tiles[tile].rows), Math.ceil(weights.columns / tiles[tile].columns), parts];
      const call = kernelCall(`${c.name} weight gradient`, `weightGradient_${tile}`, grid, {
        ...{ x: this.data(c.input, images), dy: this.gradient(output, images), dw: view(buffer, 0, parts * rows * weights.columns) },
        ...{ g: geometry(c), pixels: images * pixels, length, bias: weights.bias },
      });
      return { calls: [call], parts };
    };
    return { buffer, batch };
  }

  private data(features: Features, images: number) {
    return view(features.storage.data, 0, images * imageFloats(features));
  }

  private gradient(features: Features, images: number) {
    return view(features.storage.gradient!, 0, images * imageFloats(features));
  }
}

function geometry({ input, output, kernel, stride, padding }: Convolution): StructValue<"Conv"> {
  return {
    ...{ inputs: input.memory, outputs: output.memory, height: input.height, width: input.width, kernel, stride, padding },
    ...{ outputHeight: output.height, outputWidth: output.width },
    ...{ partHeight: Math.ceil(input.height / stride), partWidth: Math.ceil(input.width / stride) },
    ...{ inputQuads: input.memory / 4, outputQuads: output.memory / 4 },
  };
}
