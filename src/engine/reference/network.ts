import { convPadding } from "../../model/layers/conv.js";
import type { Model } from "../../model/model.js";
import type { Node } from "../../model/nodes.js";
import { shapeSize } from "../../model/shape.js";
import { randomKey, streams } from "../../util/random.js";
import { type BatchStatistics, batchNormBackward, batchNormEvaluate, batchNormTrain } from "./batch-norm.js";
import { type ConvGeometry, convBackwardInput, convBackwardWeight, convForward } from "./conv.js";
import { denseBackwardInput, denseBackwardWeight, denseForward } from "./dense.js";
import { add, dropout, reluBackward, reluForward } from "./elementwise.js";
import type { Floats, FloatsConstructor } from "./floats.js";
import { pools } from "./pool.js";

/** Training: batch statistics, dropout of this seed and step. Evaluation: running statistics, no dropout. */
type Mode = { type: "train"; seed: number; step: number } | { type: "evaluate" };

/** Arrays of a layer's forward pass that its backward pass needs. */
interface Trace {
  x: Floats;
  y: Floats;
  winner?: Uint32Array;
  statistics?: BatchStatistics;
}

/**
 * A model's forward and backward pass, layer by layer over the whole batch, keeping every activation: the obvious way.
 * Activations are [N, C, H, W]; parameters have PyTorch's layouts.
 */
export class Network {
  /** Parameters and batch-norm statistics by name. */
  readonly parameters: Map<string, Floats>;
  /** Gradients of the trainable ones: of the mean loss of the last batch. */
  readonly gradients: Map<string, Floats>;
  private readonly traces = new Map<number, Trace>();
  private batch = 0;
  private mode: Mode = { type: "evaluate" };

  /** @param storage Float32Array as in every engine; Float64Array for exact gradients in tests */
  constructor(
    private readonly model: Model,
    private readonly storage: FloatsConstructor,
  ) {
    this.parameters = new Map(model.parameters.map(({ name, size }) => [name, new storage(size)]));
    this.gradients = new Map(model.parameters.filter((p) => p.trainable).map(({ name, size }) => [name, new storage(size)]));
  }

  /** @param x [N, 1, 28, 28] normalized images @returns logits [N, 10] */
  forward(x: Floats, batch: number, mode: Mode): Floats {
    this.batch = batch;
    this.mode = mode;
    return this.forwardChain(this.model.nodes, x);
  }

  /** Fills the gradients; follows a forward pass in training mode. @param dlogits [N, 10] */
  backward(dlogits: Floats): void {
    this.backwardChain(this.model.nodes, dlogits);
  }

  /** @returns a node's input in the last forward pass, for a test that must know how near a relu was to its kink */
  inputOf(id: number): Floats | undefined {
    return this.traces.get(id)?.x;
  }

  /** @returns bytes of parameters, gradients and kept activations */
  bytes(): number {
    const kept = [...this.traces.values()].flatMap(({ y, winner }) => (winner ? [y, winner] : [y]));
    return [...this.parameters.values(), ...this.gradients.values(), ...kept].reduce((sum, array) => sum + array.byteLength, 0);
  }

  private forwardChain(nodes: readonly Node[], x: Floats): Floats {
    return nodes.reduce((activation, node) => this.forwardNode(node, activation), x);
  }

  private backwardChain(nodes: readonly Node[], dy: Floats): Floats {
    return nodes.reduceRight((gradient, node) => this.backwardNode(node, gradient), dy);
  }

  private forwardNode(node: Node, x: Floats): Floats {
    const { layer, input, output } = node;
    const y = new this.storage(this.batch * shapeSize(output));
    const trace: Trace = { x, y };
    switch (layer.type) {
      case "conv":
        convForward(x, this.parameter(`${layer.name}.weight`), this.parameters.get(`${layer.name}.bias`), y, this.batch, geometry(node));
        break;
      case "batchNorm": {
        const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
          this.parameter(`${layer.name}.${part}`),
        );
        const channels = { channels: input[0], area: input[1] * input[2] };
        if (this.mode.type === "train") {
          trace.statistics = batchNormTrain(x, weight, bias, mean, variance, y, this.batch, channels);
        } else {
          batchNormEvaluate(x, weight, bias, mean, variance, y, this.batch, channels);
        }
        break;
      }
      case "relu":
        reluForward(x, y);
        break;
      case "flatten":
        // [C, H, W] is stored in the order of flattening.
        y.set(x);
        break;
      case "dropout":
        if (this.mode.type === "train") dropout(x, y, layer.rate, this.dropoutKey(node, this.mode));
        else y.set(x);
        break;
      case "dense":
        denseForward(x, this.parameter(`${layer.name}.weight`), this.parameter(`${layer.name}.bias`), y, this.batch, {
          inputs: input[0],
          units: layer.units,
        });
        break;
      case "residual":
        add(this.forwardChain(node.body!, x), this.forwardChain(node.shortcut!, x), y);
        break;
      default:
        trace.winner = pools[layer.type].forward(x, y, this.batch, input);
    }
    this.traces.set(node.id, trace);
    return y;
  }

  /** @param dy the loss's gradient by the node's output @returns its gradient by the node's input */
  private backwardNode(node: Node, dy: Floats): Floats {
    const { layer, input } = node;
    const { x, y, winner, statistics } = this.traces.get(node.id)!;
    const dx = new this.storage(x.length);
    switch (layer.type) {
      case "conv":
        convBackwardWeight(
          x,
          dy,
          this.gradient(`${layer.name}.weight`),
          this.gradients.get(`${layer.name}.bias`),
          this.batch,
          geometry(node),
        );
        convBackwardInput(dy, this.parameter(`${layer.name}.weight`), dx, this.batch, geometry(node));
        break;
      case "batchNorm":
        batchNormBackward(
          x,
          dy,
          this.parameter(`${layer.name}.weight`),
          statistics!,
          dx,
          this.gradient(`${layer.name}.weight`),
          this.gradient(`${layer.name}.bias`),
          this.batch,
          { channels: input[0], area: input[1] * input[2] },
        );
        break;
      case "relu":
        reluBackward(y, dy, dx);
        break;
      case "flatten":
        dx.set(dy);
        break;
      case "dropout":
        if (this.mode.type === "train") dropout(dy, dx, layer.rate, this.dropoutKey(node, this.mode));
        break;
      case "dense": {
        const sizes = { inputs: input[0], units: layer.units };
        denseBackwardWeight(x, dy, this.gradient(`${layer.name}.weight`), this.gradient(`${layer.name}.bias`), this.batch, sizes);
        denseBackwardInput(dy, this.parameter(`${layer.name}.weight`), dx, this.batch, sizes);
        break;
      }
      case "residual":
        add(this.backwardChain(node.body!, dy), this.backwardChain(node.shortcut!, dy), dx);
        break;
      default:
        pools[layer.type].backward(dy, dx, input, winner);
    }
    return dx;
  }

  private dropoutKey(node: Node, mode: { seed: number; step: number }) {
    return randomKey(mode.seed, streams.dropout, mode.step, node.dropoutIndex);
  }

  private parameter(name: string): Floats {
    return this.parameters.get(name)!;
  }

  private gradient(name: string): Floats {
    return this.gradients.get(name)!;
  }
}

function geometry({ layer, input, output }: Node): ConvGeometry {
  if (layer.type !== "conv") throw new Error(`Expected a convolution, got ${layer.type}.`);
  return { input, output, kernelSize: layer.kernelSize, stride: layer.stride, padding: convPadding(layer) };
}
