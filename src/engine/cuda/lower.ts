import { convPadding } from "../../model/layers/conv.js";
import { kindOf } from "../../model/layers.js";
import { classes } from "../../model/logits.js";
import type { Model } from "../../model/model.js";
import type { Node } from "../../model/nodes.js";
import { inputShape } from "../../model/shape.js";
import { UserError } from "../../util/errors.js";
import { imagePixels, imageSide } from "../../util/image-size.js";
import { Fusion, isReluAlone, type LayerOf, type UnfusedPool } from "../shared/fusion.js";
import { type Activation, Activations, type Normalizer } from "./activations.js";
import { FeatureBuffers, type Features, flattened, imageFloats, quadsOf } from "./features.js";
import { blocksFor, type KernelCall, kernelCall, type StructValue, structSize } from "./kernels.js";
import { type BufferList, type DeviceBuffer, view } from "./memory.js";
import type { ParameterGroup, ParameterStore } from "./parameters.js";
import { type Convolution, Products } from "./products.js";

/** Shared by training and inference. */
export interface Shared {
  buffers: BufferList;
  store: ParameterStore;
  /** The arena of the parameters; its size is known once everything is lowered. */
  parameters: DeviceBuffer;
  multiprocessors: number;
  normalization: { mean: number; std: number };
}

/** The gradient of a group of parameters after a step: [parts, group.count]. */
export interface Gradient {
  group: ParameterGroup;
  buffer: DeviceBuffer;
  parts: number;
}

export interface Lowered {
  /** A `Run` of schema.ts. */
  run: DeviceBuffer;
  /** Inference: calls that come once, before all batches. */
  once: readonly KernelCall[];
  /** @returns the calls of a batch, and training's gradients, whose parts the update adds up */
  batch(images: number): { calls: KernelCall[]; gradients: Gradient[] };
}

/** Gives the calls of a batch; those of a weight gradient with the gradient that they make. */
type BatchCalls = (images: number) => KernelCall[] | { calls: KernelCall[]; gradient: Gradient };

/**
 * Turns a model into calls of kernels. A product carries out a relu right behind it. The backward pass is a tape: each forward operation pushes its own
 * backward operations.
 */
class Lowering extends Fusion<Features, Normalizer> {
  private readonly run: DeviceBuffer;
  private readonly features: FeatureBuffers;
  private readonly products: Products;
  private readonly activations: Activations;
  private readonly calls: BatchCalls[] = [];
  private readonly once: KernelCall[] = [];
  private readonly tape: (() => void)[] = [];
  /** Outputs of products, with the epilogues that can take a relu. */
  private readonly epilogues = new Map<Features, { relu: boolean }>();
  /** Buffers that need no gradient. */
  private readonly constants = new Set<DeviceBuffer>();

  constructor(
    private readonly model: Model,
    private readonly shared: Shared,
    images: number,
    mode: "train" | "inference",
  ) {
    super(mode);
    const { buffers, parameters, multiprocessors } = shared;
    this.run = buffers.add(`${mode} run`, "bytes", structSize("Run"));
    this.features = new FeatureBuffers(buffers, images);
    this.products = new Products(buffers, this.features, parameters, images, multiprocessors);
    this.activations = new Activations(buffers, this.features, parameters, this.run);
  }

  lower(): Lowered {
    const [first, ...rest] = this.model.nodes;
    const logits = this.logits(this.walk(rest, this.first(first)));
    const rows = { run: view(this.run) };
    const data = (images: number) => view(logits.storage.data, 0, images * logits.memory);
    if (this.mode === "inference") {
      const ticket = view(this.shared.buffers.add("ticket of the answers", "u32", 1));
      this.calls.push((images) => [
        kernelCall("answer", "answer", [blocksFor("answer", images)], { ...rows, logits: data(images), ticket, images }),
      ]);
    } else {
      const { buffer } = this.features.gradient(logits);
      const dLogits = (images: number) => view(buffer, 0, images * logits.memory);
      this.calls.push((images) => [kernelCall("loss", "loss", [1], { ...rows, logits: data(images), dLogits: dLogits(images), images })]);
      for (const backward of this.tape.reverse()) backward();
    }
    return { run: this.run, once: this.once, batch: (images) => this.batch(images) };
  }

  private batch(images: number): { calls: KernelCall[]; gradients: Gradient[] } {
    const made = this.calls.map((calls) => calls(images));
    return {
      calls: made.flatMap((m) => (Array.isArray(m) ? m : m.calls)),
      gradients: made.flatMap((m) => (Array.isArray(m) ? [] : [m.gradient])),
    };
  }

  /** The logits as the loss reads them: rows of one quad-padded vector, whose gradient passes no mask. */
  private logits(a: Activation): Features {
    this.epilogues.delete(a.input);
    const flushed = this.flush(a);
    const logits = flushed.storage.masked ? this.activation({ input: flushed }) : flushed;
    if (logits.channels !== classes || logits.memory !== 4 * quadsOf(classes)) {
      throw new UserError(`Model ${this.model.preset} must end in a dense layer for --engine cuda; choose another engine.`, 2);
    }
    return logits;
  }

  /** The first layer, behind a gather that lays out the pixels as that layer reads them. */
  private first(node: Node): Activation {
    const { layer } = node;
    if (layer.type === "conv") {
      const [, height, width] = node.output;
      const kernel = layer.kernelSize;
      const patches = this.features.make("patches", [kernel * kernel, height, width]);
      this.gather(patches, { kernel, stride: layer.stride, padding: convPadding(layer) });
      const weights = this.shared.store.matrix(layer.name, 1, patches.memory, (i) => i);
      return { input: this.product({ name: layer.name, input: patches, kernel: 1, stride: 1, padding: 0, weights }, node) };
    }
    const flat = layer.type === "flatten";
    const image = this.features.make("image", flat ? [imagePixels, 1, 1] : inputShape);
    this.gather(image, { kernel: flat ? imageSide : 1, stride: 1, padding: 0 });
    return this.layer(node, { input: image });
  }

  private gather(out: Features, { kernel, stride, padding }: { kernel: number; stride: number; padding: number }): void {
    const { mean, std } = this.shared.normalization;
    this.constants.add(out.storage.data);
    const g: StructValue<"Patches"> = {
      ...{ inputs: kernel * kernel, stride, padding, outputPixels: out.height * out.width },
      ...{ kernel, outputWidth: out.width, quads: out.memory / 4 },
    };
    this.calls.push((images) => [
      kernelCall("gather", "gather", [images], {
        ...{ run: view(this.run), out: view(out.storage.data, 0, images * imageFloats(out)), g },
        ...{ scale: 1 / (255 * std), shift: -mean / std },
      }),
    ]);
  }

  protected flatten(a: Activation): Features {
    return flattened(this.flush(a));
  }

  protected keep(input: Features): void {
    this.epilogues.delete(input);
  }

  protected carryOut(a: Activation): Features {
    const { input } = a;
    const product = this.epilogues.get(input);
    if (!product || !isReluAlone(a)) return this.activation(a);
    this.epilogues.delete(input);
    product.relu = true;
    input.storage.masked = true;
    return input;
  }

  private activation(a: Activation): Features {
    const { input } = a;
    const out = a.pool
      ? this.features.make(`activation of ${input.name}`, [input.channels, input.height >> 1, input.width >> 1])
      : {
          ...input,
          ...this.features.make(`activation of ${input.name}`, [input.memory, input.height, input.width]),
          channels: input.channels,
        };
    if (!a.pool) out.storage.counted = input.storage.counted;
    this.calls.push(this.activations.forward(a, out));
    this.tape.push(() => {
      if (a.normalize) this.sums(a, a.normalize, out);
      this.calls.push(this.activations.backward(a, out, ({ storage }) => !this.constants.has(storage.data)));
    });
    return out;
  }

  private sums(a: Activation, normalize: Normalizer, out: Features): void {
    const normalizers = a.skip?.normalize ? [normalize, a.skip.normalize] : [normalize];
    for (const n of normalizers) {
      const make = (part: string, { count }: ParameterGroup) => this.shared.buffers.add(`${n.layer}.${part} gradient`, "f32", 1, count);
      n.gradients = { weight: make("weight", n.weight), bias: make("bias", n.bias) };
    }
    this.calls.push(this.activations.sums(a, out));
    for (const { weight, bias, gradients } of normalizers) {
      this.calls.push(() => ({ calls: [], gradient: { group: weight, buffer: gradients!.weight, parts: 1 } }));
      this.calls.push(() => ({ calls: [], gradient: { group: bias, buffer: gradients!.bias, parts: 1 } }));
    }
  }

  protected normalizer(layer: string, input: Features): Normalizer {
    const [weight, bias, runningMean, runningVariance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      this.shared.store.vector(`${layer}.${part}`, input),
    );
    const normalizer: Normalizer = { layer, weight, bias, runningMean, runningVariance, table: this.activations.table(input, layer) };
    if (this.mode === "inference") this.once.push(this.activations.runningTable(normalizer, input));
    else this.calls.push(this.activations.statistics(normalizer, input));
    return normalizer;
  }

  protected convolution(layer: LayerOf<"conv">, node: Node, input: Features): Features {
    const { name, kernelSize: kernel, stride } = layer;
    const weights = this.shared.store.matrix(name, kernel * kernel, input.memory, (c) => input.order?.[c] ?? c);
    return this.product({ name, input, kernel, stride, padding: convPadding(layer), weights }, node);
  }

  protected dense({ name }: LayerOf<"dense">, node: Node, input: Features): Features {
    const weights = this.shared.store.matrix(name, 1, input.memory, (c) => input.order?.[c] ?? c);
    return this.product({ name, input, kernel: 1, stride: 1, padding: 0, weights }, node);
  }

  private product(part: Omit<Convolution, "output">, node: Node): Features {
    const output = this.features.make(part.name, node.output);
    const c: Convolution = { ...part, output };
    const epilogue = { relu: false };
    this.epilogues.set(output, epilogue);
    this.calls.push(this.products.forward(c, () => epilogue.relu));
    this.tape.push(() => {
      const { buffer, batch } = this.products.weightGradient(c);
      this.calls.push((images) => {
        const { calls, parts } = batch(images);
        return { calls, gradient: { group: c.weights, buffer, parts } };
      });
      if (!this.constants.has(c.input.storage.data)) this.calls.push(this.products.inputGradient(c));
    });
    return output;
  }

  protected pool(layer: UnfusedPool, node: Node, input: Features): Features {
    const name = kindOf(layer).description(layer);
    const out = this.features.make(name, node.output);
    this.calls.push(this.activations.pool(layer.type, name, input, out));
    this.tape.push(() => {
      if (!this.constants.has(input.storage.data)) this.calls.push(this.activations.poolBack(layer.type, name, input, out));
    });
    return out;
  }
}

/**
 * @param images of the largest batch
 * @param mode inference: running statistics, no dropout, no gradients
 */
export function lower(model: Model, shared: Shared, images: number, mode: "train" | "inference"): Lowered {
  return new Lowering(model, shared, images, mode).lower();
}
