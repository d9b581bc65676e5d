import { convPadding } from "../../../model/layers/conv.js";
import { kindOf } from "../../../model/layers.js";
import type { Model } from "../../../model/model.js";
import type { Node } from "../../../model/nodes.js";
import { inputShape } from "../../../model/shape.js";
import type { Offset } from "../../schema/fields.js";
import { Fusion, isReluAlone, type LayerOf, type UnfusedPool } from "../../shared/fusion.js";
import { type FeatureMap, featureMap } from "../memory/feature-map.js";
import type { Stored } from "../memory/parameters.js";
import type { Normalizer, Store } from "../memory/store.js";
import type { Instruction } from "./instruction.js";
import type { Lowered, LoweredPhase } from "./lowered.js";
import type { Activation, Dot, Target } from "./ops.js";
import * as op from "./ops.js";
import { backwardParts, forwardTaps } from "./taps.js";
import { Updates } from "./updates.js";
import * as winograd from "./winograd.js";
import { winogradTile } from "./winograd.js";

/**
 * Turns a model into ops. Batch norm, which needs the whole batch, ends a phase. The backward pass is a tape: each forward op pushes its way back.
 */
class Lowering extends Fusion<FeatureMap, Normalizer> {
  readonly phases: LoweredPhase[] = [{ instructions: [], finish: [] }];
  private readonly tape: (() => void)[] = [];
  private readonly gradients = new Map<FeatureMap, FeatureMap>();
  /** Outputs of a dot, whose epilogue can take a relu. */
  private readonly dots = new Map<FeatureMap, Dot>();
  /** Activations cheaper to repeat than to keep for the backward pass. */
  private readonly repeatable = new Map<FeatureMap, Activation>();
  /** Inputs of pools with their gradients, which take the inputs' place where both have the same border. Normalized inputs are batch-wide: theirs lie elsewhere. */
  private readonly pooled = new Map<FeatureMap, FeatureMap>();
  private pendingFinish: Instruction[] = [];
  private readonly image: FeatureMap;
  private readonly updates: Updates;

  constructor(
    private readonly model: Model,
    private readonly store: Store,
    mode: "train" | "inference",
    private readonly batchSize: number,
  ) {
    super(mode);
    this.updates = new Updates(store);
    // Inference begins with a phase in which one thread makes the batch norms' tables.
    if (mode === "inference") this.phases.push({ instructions: [], finish: [] });
    this.image = featureMap("image", inputShape, model.nodes[0]?.layer.type === "conv" ? 1 : 16);
  }

  run(): Lowered {
    this.emit("gather", op.gather(this.image));
    const logits = this.flush(this.walk(this.model.nodes, { input: this.image }));
    if (this.mode === "inference") {
      this.emit("softmax", op.probabilities(logits));
      return { preparation: [], phases: this.phases, update: [], gates: 0 };
    }
    const dLogits = this.gradientFor(logits).map;
    this.emit("loss", op.loss(logits, dLogits));
    this.pendingFinish.push(op.lossFinish());
    for (const undo of this.tape.reverse()) {
      const updates = this.updates.tasks.length;
      undo();
      this.updates.gate(updates, this.phases.at(-1)!.instructions.at(-1));
    }
    for (const [input, gradient] of this.pooled) input.border = Math.max(input.border, gradient.border);
    this.phases.at(-1)!.finish.push(...this.pendingFinish);
    const { tasks, gates } = this.updates;
    return { preparation: this.updates.preparation(), phases: this.phases, update: tasks, gates };
  }

  private emit(label: string, i: Instruction): void {
    this.phases.at(-1)!.instructions.push({ ...i, label });
  }

  /** Ends the phase where an op waits for the whole batch. */
  private meet(): void {
    if (this.pendingFinish.length === 0) return;
    this.phases.at(-1)!.finish.push(...this.pendingFinish);
    this.pendingFinish = [];
    this.phases.push({ instructions: [], finish: [] });
  }

  /** @returns the gradient of a feature map, to be written by its first contributor and added to by the others */
  private gradientFor(v: FeatureMap): Target {
    const known = this.gradients.get(v);
    if (known) return { map: known, accumulate: true };
    const created = featureMap(`d ${v.name}`, v.shape);
    this.gradients.set(v, created);
    return { map: created, accumulate: false };
  }

  private gradientOf(v: FeatureMap): FeatureMap {
    const known = this.gradients.get(v);
    if (!known) throw new Error(`${v.name} has no gradient`);
    return known;
  }

  /** Without a border channels, rows and columns are one vector. */
  protected flatten(a: Activation): FeatureMap {
    const bordered = this.dots.has(a.input) || a.input === this.image;
    return bordered ? this.activation(a, "flat") : this.flush(a);
  }

  protected keep(input: FeatureMap): void {
    this.dots.delete(input);
  }

  protected carryOut(a: Activation): FeatureMap {
    const made = this.dots.get(a.input);
    return made && !made.relu && isReluAlone(a) ? this.reluInPlace(a, made) : this.activation(a, "activation");
  }

  private reluInPlace(a: Activation, made: Dot): FeatureMap {
    made.relu = true;
    this.tape.push(() => {
      const dOut = this.gradientOf(a.input);
      this.gradients.delete(a.input);
      this.emit(`activation of ${a.input.name} backward`, op.activateBackApply(a, { dOut }, this.gradientFor(a.input)));
    });
    return a.input;
  }

  private activation(a: Activation, name: string): FeatureMap {
    const [channels, height, width] = a.input.shape;
    const out = featureMap(`${name} of ${a.input.name}`, a.pool ? [channels, height >> 1, width >> 1] : a.input.shape);
    if (a.normalize || a.skip?.normalize) this.meet();
    this.emit(`activation of ${a.input.name}`, op.activate(a, out));
    if (a.normalize && !a.skip && !a.pool) this.repeatable.set(out, a);
    // Behind an identity skip the output is kept for the next layers anyway; its sign spares the backward pass the skip.
    const result = a.skip && !a.skip.normalize && a.relu && !a.pool ? out : undefined;
    this.tape.push(() => this.activationBack(a, { dOut: this.gradientOf(out), result }));
    return out;
  }

  private activationBack(a: Activation, gradients: op.Gradients): void {
    const skip = a.skip;
    if (a.normalize) {
      const { sums } = a.normalize;
      this.emit(`${a.normalize.layer} backward sums`, op.activateBackReduce(a, gradients));
      this.pendingFinish.push(op.normalizeBackFinish(a.normalize, sums, "dyX", this.normalizerGradients(a.normalize.layer)));
      if (skip?.normalize) {
        this.pendingFinish.push(op.normalizeBackFinish(skip.normalize, sums, "dyXOfSkip", this.normalizerGradients(skip.normalize.layer)));
      }
      this.meet();
    }
    const dInput = a.input === this.image ? undefined : this.gradientFor(a.input);
    const dSkip = !skip || skip.value === this.image ? undefined : this.gradientFor(skip.value);
    if (dInput || dSkip) this.emit(`activation of ${a.input.name} backward`, op.activateBackApply(a, gradients, dInput, dSkip));
    if (a.pool && !a.normalize && dInput) this.pooled.set(a.input, dInput.map);
  }

  private normalizerGradients(layer: string): () => { weight: Offset; bias: Offset } {
    const [weight, bias] = ["weight", "bias"].map((suffix) => this.updates.fromLanes(this.store.vector(`${layer}.${suffix}`), "first"));
    return () => ({ weight: weight(), bias: bias() });
  }

  protected normalizer(layer: string, input: FeatureMap): Normalizer {
    const normalizer = this.store.normalizer(layer, input);
    if (this.mode === "inference") {
      this.phases[0].finish.push(op.normalizeInference(normalizer));
    } else {
      this.emit(`${layer} statistics`, op.statistics(input, normalizer));
      this.pendingFinish.push(op.normalizeFinish(normalizer));
    }
    return normalizer;
  }

  protected convolution(layer: LayerOf<"conv">, node: Node, input: FeatureMap): FeatureMap {
    const { kernelSize, stride } = layer;
    const padding = convPadding(layer);
    const taps = forwardTaps(kernelSize, padding);
    const out = featureMap(layer.name, node.output);
    const weights = this.store.weights(
      `${layer.name}.weight`,
      { taps: kernelSize ** 2, inputs: node.input[0] },
      input === this.image ? "forward only" : "transposed",
    );
    const bias = layer.bias ? this.store.vector(`${layer.name}.bias`) : undefined;
    input.border = Math.max(input.border, padding);
    const { tiles } = weights.packing!;
    const [, height, width] = node.output;
    const shape = { kernelSize, stride, inputs: node.input[0], outputs: node.output[0], height, width };
    const side = winogradTile(shape, this.batchSize);
    const forward: Dot = {
      input,
      out,
      conv: { stride, taps, height, width },
      inputs: node.input[0],
      tiles,
      weights: weights.offset,
      bias: bias?.offset,
    };
    this.dots.set(out, forward);
    if (side) {
      const transformed = this.updates.transformed(weights, "forward", side);
      this.emit(`${layer.name} forward (Winograd)`, winograd.convolve(forward, side, transformed, -padding));
    } else this.emit(`${layer.name} forward`, op.dot(forward));
    this.tape.push(() => {
      const dz = this.gradientOf(out);
      const gradient = this.store.gradients.take(weights.size);
      if (side) {
        const outer = winograd.outer(this.repeated(input), dz, side, -padding, tiles, weights.size, gradient);
        this.emit(`${layer.name} weight gradient (Winograd)`, outer);
      } else {
        this.emit(`${layer.name} weight gradient`, op.outer(this.repeated(input), dz, stride, taps, tiles, gradient));
      }
      if (bias) this.emit(`${layer.name} bias gradient`, op.columnSum(dz, this.updates.fromLanes(bias, "all")));
      if (input !== this.image) this.inputGradient(layer, node, weights, dz, this.gradientFor(input));
      this.updates.fromLanes(weights, "all", gradient);
    });
    return out;
  }

  private inputGradient(layer: LayerOf<"conv">, node: Node, stored: Stored, dz: FeatureMap, target: Target): void {
    const { kernelSize, stride } = layer;
    const padding = convPadding(layer);
    dz.border = Math.max(dz.border, kernelSize - 1 - padding);
    const { packing, offset } = stored.transposed!;
    const common = {
      input: dz,
      out: target.map,
      inputs: packing.inputs,
      tiles: packing.tiles,
      weights: offset,
      accumulate: target.accumulate,
    };
    const [inputs, height, width] = node.input;
    const side = winogradTile({ kernelSize, stride, inputs: node.output[0], outputs: inputs, height, width }, this.batchSize);
    if (side) {
      const origin = padding - kernelSize + 1;
      const transformed = this.updates.transformed(stored, "transposed", side);
      this.emit(`${layer.name} input gradient (Winograd)`, winograd.convolve(common, side, transformed, origin));
      return;
    }
    for (const { taps, part, height, width } of backwardParts(kernelSize, stride, padding, node.input[1], node.input[2])) {
      if (taps.length === 0 && target.accumulate) continue;
      this.emit(`${layer.name} input gradient`, op.dot({ ...common, conv: { stride: 1, taps, part, height, width } }));
    }
  }

  protected dense(layer: LayerOf<"dense">, node: Node, input: FeatureMap): FeatureMap {
    const needed = input === this.image ? "forward only" : "transposed";
    const out = featureMap(layer.name, node.output);
    const weights = this.store.dense(`${layer.name}.weight`, input, needed, this.batchSize);
    const bias = this.store.vector(`${layer.name}.bias`);
    const { inputs } = weights.packing!;
    input.flat = true;
    this.dotInto({ input, out, inputs, tiles: weights.packing!.tiles, weights: weights.offset, bias: bias.offset });
    this.tape.push(() => {
      const dz = this.gradientOf(out);
      this.emit(`${layer.name} bias gradient`, op.columnSum(dz, this.updates.fromLanes(bias, "all")));
      this.updates.ofDense(weights, input, dz);
      if (needed === "forward only") return;
      const { packing, offset } = weights.transposed!;
      const target = this.gradientFor(input);
      target.map.flat = true;
      const { inputs, tiles } = packing;
      this.emit(
        `${layer.name} input gradient`,
        op.dot({ input: dz, out: target.map, inputs, tiles, weights: offset, accumulate: target.accumulate }),
      );
    });
    return out;
  }

  private dotInto(d: Dot): void {
    this.dots.set(d.out, d);
    this.emit(`${d.out.name} forward`, op.dot(d));
  }

  protected pool(layer: UnfusedPool, node: Node, input: FeatureMap): FeatureMap {
    const name = kindOf(layer).description(layer);
    const out = featureMap(name, node.output);
    this.emit(name, op.pool(layer.type, input, out));
    this.tape.push(() => {
      if (input !== this.image) this.emit(`${name} backward`, op.poolBack(layer.type, this.gradientFor(input), this.gradientOf(out)));
    });
    return out;
  }

  /** @returns a feature map for the backward pass: computed a second time where that is cheaper than keeping a batch of it */
  private repeated(v: FeatureMap): FeatureMap {
    const a = this.repeatable.get(v);
    if (!a || this.mode === "inference") return v;
    const copy = { ...featureMap(`${v.name} repeated`, v.shape), border: v.border };
    this.emit(`activation of ${a.input.name} again`, op.activate(a, copy));
    return copy;
  }
}

/**
 * @param mode inference: one phase, running statistics, no dropout
 * @param batchSize images of a training step, for the choice of algorithms; the same for both modes
 */
export function lower(model: Model, store: Store, mode: "train" | "inference", batchSize: number): Lowered {
  return new Lowering(model, store, mode, batchSize).run();
}
