import { convPadding } from "../../model/layers/conv.js";
import { classes } from "../../model/logits.js";
import type { Model } from "../../model/model.js";
import type { Node } from "../../model/nodes.js";
import { inputShape } from "../../model/shape.js";
import { UserError } from "../../util/errors.js";
import { imagePixels, imageSide } from "../../util/image-size.js";
import { Fusion, isReluAlone, type LayerOf } from "../shared/fusion.js";
import { type Activation, Activations, type Normalizer } from "./activations.js";
import { blocksFor, type Step, type StructValue, step } from "./kernels.js";
import { type Buffer, type BufferList, view } from "./memory.js";
import type { Block, ParameterStore } from "./parameters.js";
import { type Convolution, Products } from "./products.js";
import { flattened, imageFloats, quadsOf, type Value, Values } from "./values.js";

/** What training and inference have in common, made before either. */
export interface Shared {
  buffers: BufferList;
  store: ParameterStore;
  /** The arena of the parameters; as large as the store once everything is lowered. */
  parameters: Buffer;
  multiprocessors: number;
  normalization: { mean: number; std: number };
}

/** A parameter's gradient after a step: [parts, block.count]. */
export interface Gradient {
  block: Block;
  buffer: Buffer;
  parts: number;
}

export interface Lowered {
  /** native/cuda/common.cuh's Run. */
  run: Buffer;
  /** Inference: what comes once before all batches. */
  once: readonly Step[];
  /** @returns the launches of a batch of so many images, and training's gradients, which the update is to add up */
  batch(images: number): { steps: Step[]; gradients: Gradient[] };
}

/** Launches of a batch; those of a weight gradient also say what they leave. */
type Launches = (images: number) => Step[] | { steps: Step[]; gradient: Gradient };

/** Bytes of Run: nine pointers, four numbers. */
export const runBytes = 88;

/**
 * Turns a model into launches. A relu right behind a product is done by the product. The backward pass is a tape: each forward step pushes what undoes it.
 */
class Lowering extends Fusion<Value, Normalizer> {
  private readonly run: Buffer;
  private readonly values: Values;
  private readonly products: Products;
  private readonly activations: Activations;
  private readonly launches: Launches[] = [];
  private readonly once: Step[] = [];
  private readonly tape: (() => void)[] = [];
  /** Made by a product whose epilogue can take a relu. */
  private readonly open = new Map<Value, { relu: boolean }>();
  private readonly constants = new Set<Buffer>();

  constructor(
    private readonly model: Model,
    private readonly shared: Shared,
    images: number,
    mode: "train" | "inference",
  ) {
    super(mode);
    const { buffers, parameters, multiprocessors } = shared;
    this.run = buffers.add(`${mode} run`, "bytes", runBytes);
    this.values = new Values(buffers, images);
    this.products = new Products(buffers, this.values, parameters, images, multiprocessors);
    this.activations = new Activations(buffers, this.values, parameters, this.run);
  }

  lower(): Lowered {
    const [first, ...rest] = this.model.nodes;
    const logits = this.logits(this.walk(rest, this.first(first)));
    const rows = { run: view(this.run) };
    const data = (images: number) => view(logits.storage.data, 0, images * logits.memory);
    if (this.mode === "inference") {
      const ticket = view(this.shared.buffers.add("ticket of the answers", "u32", 1));
      this.launches.push((images) => [
        step("answer", "answer", [blocksFor("answer", images)], { ...rows, logits: data(images), ticket, images }),
      ]);
    } else {
      const { buffer } = this.values.gradient(logits);
      const dLogits = (images: number) => view(buffer, 0, images * logits.memory);
      this.launches.push((images) => [step("loss", "loss", [1], { ...rows, logits: data(images), dLogits: dLogits(images), images })]);
      for (const undo of this.tape.reverse()) undo();
    }
    return { run: this.run, once: this.once, batch: (images) => this.batch(images) };
  }

  private batch(images: number): { steps: Step[]; gradients: Gradient[] } {
    const made = this.launches.map((launches) => launches(images));
    return {
      steps: made.flatMap((m) => (Array.isArray(m) ? m : m.steps)),
      gradients: made.flatMap((m) => (Array.isArray(m) ? [] : [m.gradient])),
    };
  }

  /** Rows of ten as the loss reads them, whose gradient nobody masks behind its back. */
  private logits(a: Activation): Value {
    this.open.delete(a.input);
    const flushed = this.flush(a);
    const value = flushed.storage.masked ? this.activation({ input: flushed }) : flushed;
    if (value.channels !== classes || value.memory !== 4 * quadsOf(classes)) {
      throw new UserError(`Model ${this.model.preset} must end in a dense layer for --engine cuda; choose another engine.`, 2);
    }
    return value;
  }

  /** The first layer, with the gather before it, which lays out the pixels as that layer reads them. */
  private first(node: Node): Activation {
    const { layer } = node;
    if (layer.type === "conv") {
      const [, height, width] = node.output;
      const kernel = layer.kernelSize;
      const patches = this.values.make("patches", [kernel * kernel, height, width]);
      this.gather(patches, { kernel, stride: layer.stride, padding: convPadding(layer) });
      const weights = this.shared.store.matrix(layer.name, 1, patches.memory, (i) => i);
      return { input: this.product({ name: layer.name, input: patches, kernel: 1, stride: 1, padding: 0, weights }, node) };
    }
    const flat = layer.type === "flatten";
    const image = this.values.make("image", flat ? [imagePixels, 1, 1] : inputShape);
    this.gather(image, { kernel: flat ? imageSide : 1, stride: 1, padding: 0 });
    return this.layer(node, { input: image });
  }

  private gather(out: Value, { kernel, stride, padding }: { kernel: number; stride: number; padding: number }): void {
    const { mean, std } = this.shared.normalization;
    this.constants.add(out.storage.data);
    const g: StructValue<"Patches"> = {
      ...{ inputs: kernel * kernel, stride, padding, outputPixels: out.height * out.width },
      ...{ kernel, outputWidth: out.width, quads: out.memory / 4 },
    };
    this.launches.push((images) => [
      step("gather", "gather", [images], {
        ...{ run: view(this.run), out: view(out.storage.data, 0, images * imageFloats(out)), g },
        ...{ scale: 1 / (255 * std), shift: -mean / std },
      }),
    ]);
  }

  protected flatten(a: Activation): Value {
    return flattened(this.flush(a));
  }

  protected keep(input: Value): void {
    this.open.delete(input);
  }

  protected carryOut(a: Activation): Value {
    const { input } = a;
    const product = this.open.get(input);
    if (!product || !isReluAlone(a)) return this.activation(a);
    this.open.delete(input);
    product.relu = true;
    input.storage.masked = true;
    return input;
  }

  private activation(a: Activation): Value {
    const { input } = a;
    const out = a.pool
      ? this.values.make(`activation of ${input.name}`, [input.channels, input.height >> 1, input.width >> 1])
      : {
          ...input,
          ...this.values.make(`activation of ${input.name}`, [input.memory, input.height, input.width]),
          channels: input.channels,
        };
    if (!a.pool) out.storage.counted = input.storage.counted;
    this.launches.push(this.activations.forward(a, out));
    this.tape.push(() => {
      if (a.normalize) this.sums(a, a.normalize, out);
      this.launches.push(this.activations.backward(a, out, ({ storage }) => !this.constants.has(storage.data)));
    });
    return out;
  }

  private sums(a: Activation, normalize: Normalizer, out: Value): void {
    const normalizers = a.skip?.normalize ? [normalize, a.skip.normalize] : [normalize];
    for (const n of normalizers) {
      const make = (part: string, { count }: Block) => this.shared.buffers.add(`${n.layer}.${part} gradient`, "f32", 1, count);
      n.gradients = { weight: make("weight", n.weight), bias: make("bias", n.bias) };
    }
    this.launches.push(this.activations.sums(a, out));
    for (const { weight, bias, gradients } of normalizers) {
      this.launches.push(() => ({ steps: [], gradient: { block: weight, buffer: gradients!.weight, parts: 1 } }));
      this.launches.push(() => ({ steps: [], gradient: { block: bias, buffer: gradients!.bias, parts: 1 } }));
    }
  }

  protected normalizer(layer: string, input: Value): Normalizer {
    const [weight, bias, runningMean, runningVariance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      this.shared.store.vector(`${layer}.${part}`, input),
    );
    const normalizer: Normalizer = { layer, weight, bias, runningMean, runningVariance, table: this.activations.table(input, layer) };
    if (this.mode === "inference") this.once.push(this.activations.runningTable(normalizer, input));
    else this.launches.push(this.activations.statistics(normalizer, input));
    return normalizer;
  }

  protected convolution(layer: LayerOf<"conv">, node: Node, input: Value): Value {
    const { name, kernelSize: kernel, stride } = layer;
    const weights = this.shared.store.matrix(name, kernel * kernel, input.memory, (c) => input.order?.[c] ?? c);
    return this.product({ name, input, kernel, stride, padding: convPadding(layer), weights }, node);
  }

  protected dense({ name }: LayerOf<"dense">, node: Node, input: Value): Value {
    const weights = this.shared.store.matrix(name, 1, input.memory, (c) => input.order?.[c] ?? c);
    return this.product({ name, input, kernel: 1, stride: 1, padding: 0, weights }, node);
  }

  private product(part: Omit<Convolution, "output">, node: Node): Value {
    const output = this.values.make(part.name, node.output);
    const c: Convolution = { ...part, output };
    const epilogue = { relu: false };
    this.open.set(output, epilogue);
    this.launches.push(this.products.forward(c, () => epilogue.relu));
    this.tape.push(() => {
      const { buffer, steps } = this.products.weightGradient(c);
      this.launches.push((images) => {
        const made = steps(images);
        return { steps: made.steps, gradient: { block: c.weights, buffer, parts: made.parts } };
      });
      if (!this.constants.has(c.input.storage.data)) this.launches.push(this.products.inputGradient(c));
    });
    return output;
  }

  protected averagePool(node: Node, input: Value): Value {
    const out = this.values.make("global average", node.output);
    this.launches.push(this.activations.averagePool(input, out));
    this.tape.push(() => {
      if (!this.constants.has(input.storage.data)) this.launches.push(this.activations.averagePoolBack(input, out));
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
