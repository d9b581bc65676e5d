import { batchNormEpsilon } from "../../model/layers/batch-norm.js";
import { convPadding } from "../../model/layers/conv.js";
import type { Node } from "../../model/nodes.js";
import { randomKey, streams } from "../../util/random.js";
import type { Tensor, Tensor4D, Tf, TfjsBackend } from "./backend.js";
import { dropoutMask } from "./batch.js";

/** Training: batch statistics, dropout of this seed and step. Evaluation: running statistics, no dropout. */
type Mode = { type: "train"; seed: number; step: number } | { type: "evaluate" };

/** Statistics of a batch in training, [C] each; the variance is the unbiased one that running statistics take. */
export interface BatchStatistics {
  mean: Tensor;
  variance: Tensor;
}

/** Tensors of a layer's forward pass that its backward pass needs. */
interface Trace {
  /** The kernel's input: framed or flattened. */
  x: Tensor;
  y: Tensor;
  /** Shape of the layer's input. */
  given: number[];
  mask?: Tensor;
  /** Batch norm: x − mean, and 1/√(variance + ε). */
  centred?: Tensor;
  inverseDeviation?: Tensor;
}

/**
 * One forward and backward pass with TF.js's kernels, layer by layer, written out instead of recorded on a tape: TF.js's core registers no
 * gradients by itself, and a batch norm costs a third of the passes. Activations are [N, H, W, C], or [N, units] behind flatten and dense.
 * Lives within one tf.tidy.
 */
export class Pass {
  /** By parameter name, in TF.js's layouts, of the mean loss. */
  readonly gradients = new Map<string, Tensor>();
  /** By layer name. */
  readonly statistics = new Map<string, BatchStatistics>();
  private readonly traces = new Map<number, Trace>();

  /** @param parameters parameters and running statistics by name, in TF.js's layouts */
  constructor(
    private readonly tf: Tf,
    private readonly nodes: readonly Node[],
    private readonly parameters: ReadonlyMap<string, Tensor>,
    private readonly mode: Mode,
    private readonly poolTies: TfjsBackend["poolTies"],
  ) {}

  /** @param x [N, 28, 28, 1] normalized @returns logits [N, 10] */
  forward(x: Tensor): Tensor {
    return this.forwardChain(this.nodes, x);
  }

  /** Fills `gradients`; follows a forward pass in training mode. @param dlogits [N, 10] */
  backward(dlogits: Tensor): void {
    const first = this.nodes.findIndex(hasParameters);
    let dy = dlogits;
    for (let i = this.nodes.length - 1; i > first; i--) dy = this.backwardNode(this.nodes[i], dy);
    // The image needs no gradient.
    if (first >= 0) this.backwardParameters(this.nodes[first], dy);
  }

  private forwardChain(nodes: readonly Node[], x: Tensor): Tensor {
    return nodes.reduce((activation, node) => this.forwardNode(node, activation), x);
  }

  private forwardNode(node: Node, x: Tensor): Tensor {
    const { tf } = this;
    const { layer, input } = node;
    const trace: Trace = { x, y: x, given: x.shape };
    switch (layer.type) {
      case "conv": {
        trace.x = this.framed(node, x);
        const { mode } = this.frame(node);
        const y = tf.conv2d(trace.x as Tensor4D, this.parameter(`${layer.name}.weight`) as Tensor4D, layer.stride, mode);
        trace.y = layer.bias ? tf.add(y, this.parameter(`${layer.name}.bias`)) : y;
        break;
      }
      case "batchNorm":
        this.batchNorm(layer.name, x, trace);
        break;
      case "relu":
        trace.y = tf.relu(x);
        break;
      case "maxPool":
        trace.y = tf.maxPool(x as Tensor4D, 2, 2, "valid");
        break;
      case "globalAveragePool":
        trace.y = tf.mean(x, [1, 2], true);
        break;
      case "flatten":
        trace.y = tf.reshape(input[1] * input[2] > 1 ? tf.transpose(x, [0, 3, 1, 2]) : x, [x.shape[0], -1]);
        break;
      case "dropout":
        if (this.mode.type === "train" && layer.rate > 0) {
          trace.mask = this.dropoutScale(node, x, this.mode);
          trace.y = tf.mul(x, trace.mask);
        }
        break;
      case "dense": {
        // It takes [N, C] as well as the [N, 1, 1, C] of a global average pool.
        trace.x = tf.reshape(x, [x.shape[0], input[0]]);
        const product = tf.matMul(trace.x, this.parameter(`${layer.name}.weight`), false, true);
        trace.y = tf.add(product, this.parameter(`${layer.name}.bias`));
        break;
      }
      case "residual":
        trace.y = tf.add(this.forwardChain(node.body!, x), this.forwardChain(node.shortcut!, x));
        break;
      default:
        layer satisfies never;
    }
    this.traces.set(node.id, trace);
    return trace.y;
  }

  /** Fills the gradients by the node's own parameters. @param dy the loss's gradient by its output */
  private backwardParameters(node: Node, dy: Tensor): void {
    const { tf } = this;
    const { layer } = node;
    const trace = this.traces.get(node.id)!;
    if (layer.type === "conv") {
      const filterShape = this.parameter(`${layer.name}.weight`).shape;
      const attributes = { ...convAttributes(layer.stride, this.frame(node).mode), filterShape };
      this.gradients.set(`${layer.name}.weight`, this.kernel("Conv2DBackpropFilter", { x: trace.x, dy }, attributes));
      if (layer.bias) this.gradients.set(`${layer.name}.bias`, tf.sum(dy, [0, 1, 2]));
    } else if (layer.type === "dense") {
      this.gradients.set(`${layer.name}.weight`, tf.matMul(dy, trace.x, true, false));
      this.gradients.set(`${layer.name}.bias`, tf.sum(dy, 0));
    } else if (layer.type === "batchNorm") {
      const product = tf.sum(tf.mul(dy, trace.centred!), [0, 1, 2]);
      this.gradients.set(`${layer.name}.bias`, tf.sum(dy, [0, 1, 2]));
      this.gradients.set(`${layer.name}.weight`, tf.mul(product, trace.inverseDeviation!));
    } else if (layer.type === "residual") {
      this.backwardNode(node, dy);
    }
  }

  /** Fills the gradients by the node's parameters. @returns the loss's gradient by its input */
  private backwardNode(node: Node, dy: Tensor): Tensor {
    const { tf } = this;
    const { layer, input } = node;
    const [channels, height, width] = input;
    const trace = this.traces.get(node.id)!;
    const batch = dy.shape[0];
    if (layer.type !== "residual") this.backwardParameters(node, dy);
    switch (layer.type) {
      case "conv": {
        const filter = this.parameter(`${layer.name}.weight`);
        const attributes = { ...convAttributes(layer.stride, this.frame(node).mode), inputShape: trace.x.shape };
        const dx = this.kernel("Conv2DBackpropInput", { dy, filter }, attributes);
        const { before, after } = this.frame(node);
        return this.resized(dx, -before, -after);
      }
      case "batchNorm": {
        const inverse = trace.inverseDeviation!;
        const count = dy.size / channels;
        const scale = tf.mul(this.parameter(`${layer.name}.weight`), inverse);
        const alongX = tf.mul(tf.mul(scale, inverse), tf.div(this.gradients.get(`${layer.name}.weight`)!, count));
        const alongMean = tf.mul(scale, tf.div(this.gradients.get(`${layer.name}.bias`)!, count));
        return tf.sub(tf.sub(tf.mul(dy, scale), tf.mul(trace.centred!, alongX)), alongMean);
      }
      case "relu":
        return tf.mul(dy, tf.step(trace.y));
      case "maxPool":
        return this.poolTies === "first" ? this.maxPoolBackward(dy, trace) : this.mirroredMaxPoolBackward(dy, trace);
      case "globalAveragePool":
        return tf.tile(tf.div(dy, height * width), [1, height, width, 1]);
      case "flatten":
        if (height * width === 1) return tf.reshape(dy, trace.given);
        return tf.transpose(tf.reshape(dy, [batch, channels, height, width]), [0, 2, 3, 1]);
      case "dropout":
        return trace.mask ? tf.mul(dy, trace.mask) : dy;
      case "dense":
        return tf.reshape(tf.matMul(dy, this.parameter(`${layer.name}.weight`)), trace.given);
      case "residual": {
        const through = (nodes: readonly Node[]) => nodes.reduceRight((gradient, inner) => this.backwardNode(inner, gradient), dy);
        return tf.add(through(node.body!), through(node.shortcut!));
      }
    }
  }

  private maxPoolBackward(dy: Tensor, { x, y }: Pick<Trace, "x" | "y">): Tensor {
    const attributes = { filterSize: [2, 2], strides: [2, 2], pad: "valid", dimRoundingMode: undefined };
    return this.kernel("MaxPoolGrad", { dy, input: x, output: y }, attributes);
  }

  /** The last of equal maxima in a mirrored image is the first one in the image. */
  private mirroredMaxPoolBackward(dy: Tensor, { x, y }: Pick<Trace, "x" | "y">): Tensor {
    const { tf } = this;
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    // Pools drop an odd last row or column; mirrored, it would shift all windows.
    const [evenHeight, evenWidth] = [height - (height % 2), width - (width % 2)];
    const even = evenHeight === height && evenWidth === width ? x : tf.slice(x, [0, 0, 0, 0], [batch, evenHeight, evenWidth, channels]);
    const mirror = (tensor: Tensor) => tf.reverse(tensor, [1, 2]);
    const dx = mirror(this.maxPoolBackward(mirror(dy), { x: mirror(even), y: mirror(y) }));
    return even === x
      ? dx
      : tf.pad(dx, [
          [0, 0],
          [0, height % 2],
          [0, width % 2],
          [0, 0],
        ]);
  }

  private batchNorm(name: string, x: Tensor, trace: Trace): void {
    const { tf } = this;
    const [weight, bias] = [this.parameter(`${name}.weight`), this.parameter(`${name}.bias`)];
    if (this.mode.type === "evaluate") {
      const scale = tf.mul(weight, tf.rsqrt(tf.add(this.parameter(`${name}.running_var`), batchNormEpsilon)));
      trace.y = tf.add(tf.mul(tf.sub(x, this.parameter(`${name}.running_mean`)), scale), bias);
      return;
    }
    const count = x.size / x.shape[x.rank - 1];
    const mean = tf.mean(x, [0, 1, 2]);
    trace.centred = tf.sub(x, mean);
    const variance = tf.mean(tf.square(trace.centred), [0, 1, 2]);
    trace.inverseDeviation = tf.rsqrt(tf.add(variance, batchNormEpsilon));
    trace.y = tf.add(tf.mul(trace.centred, tf.mul(trace.inverseDeviation, weight)), bias);
    // A single value has no unbiased variance; its own is 0 anyway.
    this.statistics.set(name, { mean, variance: tf.mul(variance, count / Math.max(1, count - 1)) });
  }

  /** @returns dropout's factors: 0, or 1 / (1 − rate) */
  private dropoutScale({ layer, input, dropoutIndex }: Node, x: Tensor, { seed, step }: { seed: number; step: number }): Tensor {
    if (layer.type !== "dropout") throw new Error(`Expected dropout, got ${layer.type}.`);
    const key = randomKey(seed, streams.dropout, step, dropoutIndex);
    const kept = dropoutMask(key, layer.rate, x.shape[0], input[0], input[1] * input[2]);
    return this.tf.mul(this.tf.cast(this.tf.tensor(kept, x.shape, "bool"), "float32"), 1 / (1 - layer.rate));
  }

  /**
   * The border that a convolution adds to its input, or takes away; TF's own "same" serves at stride 1 only, for at stride 2 it puts its zeros
   * elsewhere. The far border is as wide as the last output pixel reaches, below zero where rows are left over: TensorFlow 2.21 with oneDNN
   * writes beyond its memory in the filter gradient of a 1×1 convolution whose stride leaves a row over.
   */
  private frame(node: Node): { before: number; after: number; mode: "same" | "valid" } {
    const { layer, input, output } = node;
    if (layer.type !== "conv") throw new Error(`Expected a convolution, got ${layer.type}.`);
    const before = convPadding(layer);
    if (layer.stride === 1) return { before: 0, after: 0, mode: before > 0 ? "same" : "valid" };
    const reached = (output[1] - 1) * layer.stride + layer.kernelSize;
    return { before, after: reached - before - input[1], mode: "valid" };
  }

  private framed(node: Node, x: Tensor): Tensor {
    const { before, after } = this.frame(node);
    return this.resized(x, before, after);
  }

  /** Adds zeros around the images, or takes rows and columns away where a border is below zero. */
  private resized(x: Tensor, before: number, after: number): Tensor {
    const { tf } = this;
    if (before === 0 && after === 0) return x;
    const border: [number, number] = [Math.max(0, before), Math.max(0, after)];
    const wider = border[0] + border[1] > 0 ? tf.pad(x, [[0, 0], border, border, [0, 0]]) : x;
    const from = Math.max(0, -before);
    const size = x.shape[1]! + before + after;
    return size === wider.shape[1] ? wider : tf.slice(wider, [0, from, from, 0], [x.shape[0], size, size, x.shape[3]!]);
  }

  private kernel(name: string, inputs: Record<string, Tensor>, attributes: Record<string, unknown>): Tensor {
    return this.tf.engine().runKernel(name, inputs, attributes as Parameters<ReturnType<Tf["engine"]>["runKernel"]>[2]) as Tensor;
  }

  private parameter(name: string): Tensor {
    return this.parameters.get(name)!;
  }
}

function convAttributes(stride: number, pad: "same" | "valid") {
  return { strides: [stride, stride], pad, dataFormat: "NHWC", dimRoundingMode: undefined };
}

function hasParameters({ layer, body }: Node): boolean {
  return layer.type === "conv" || layer.type === "dense" || layer.type === "batchNorm" || body !== undefined;
}
