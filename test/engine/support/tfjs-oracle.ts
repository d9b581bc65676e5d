import * as tf from "@tensorflow/tfjs";
import type { Split } from "../../../dist/data/split.js";
import type { Tensor } from "../../../dist/engine/contract/state.js";
import type { Model } from "../../../dist/model/model.js";
import type { Node } from "../../../dist/model/nodes.js";
import { normalization } from "./images.js";

/** PyTorch's constants, written here a second time: an oracle must not share code with the engine that it judges. */
const batchNormEpsilon = 1e-5;
const batchNormMomentum = 0.1;

/**
 * Trains a model with TF.js's operations, gradients and optimizer on its pure JavaScript backend. Activations are NHWC, convolutions
 * HWIO, dense layers [in, out]: nothing of its arithmetic or layout comes from this project.
 */
export class TfjsOracle {
  private readonly variables = new Map<string, tf.Variable>();
  private readonly optimizer: tf.MomentumOptimizer;

  private constructor(
    private readonly model: Model,
    initial: ReadonlyMap<string, Tensor>,
    learningRate: number,
    momentum: number,
  ) {
    this.optimizer = tf.train.momentum(learningRate, momentum);
    for (const { name, trainable } of model.parameters) {
      const { shape, data } = initial.get(name)!;
      this.variables.set(name, tf.variable(ofPyTorch(tf.tensor(data, [...shape])), trainable));
    }
  }

  static async create(model: Model, initial: ReadonlyMap<string, Tensor>, learningRate: number, momentum: number): Promise<TfjsOracle> {
    // Without this flag, TF.js advertises its native binding on stderr; the flag has no other effect.
    tf.env().set("IS_NODE", false);
    await tf.setBackend("cpu");
    await tf.ready();
    return new TfjsOracle(model, initial, learningRate, momentum);
  }

  /** One step of SGD with momentum. @returns the mean loss before it */
  step({ images, labels }: Split, indices: Uint32Array): number {
    return tf.tidy(() => {
      const x = this.batch(images, indices);
      const oneHot = tf.oneHot(
        tf.tensor1d(
          [...indices].map((i) => labels[i]),
          "int32",
        ),
        10,
      );
      const trainable = [...this.variables.values()].filter((variable) => variable.trainable);
      const { value, grads } = tf.variableGrads(() => {
        const logits = this.chain(this.model.nodes, x, "train") as tf.Tensor2D;
        return tf.losses.softmaxCrossEntropy(oneHot, logits) as tf.Scalar;
      }, trainable);
      this.optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      return value.dataSync()[0];
    });
  }

  /** @returns logits [n × 10] with running statistics */
  predict({ images }: Split, indices: Uint32Array): Float32Array {
    return tf.tidy(() => this.chain(this.model.nodes, this.batch(images, indices), "evaluate").dataSync() as Float32Array);
  }

  /** @returns parameters and statistics in PyTorch's layouts */
  read(): Map<string, Tensor> {
    return new Map(
      this.model.parameters.map(({ name, shape }) => {
        const data = tf.tidy(() => toPyTorch(this.variables.get(name)!).dataSync() as Float32Array);
        return [name, { shape, data }];
      }),
    );
  }

  dispose(): void {
    this.optimizer.dispose();
    tf.disposeVariables();
  }

  private batch(images: Uint8Array, indices: Uint32Array): tf.Tensor4D {
    const pixels = Float32Array.from([...indices].flatMap((i) => [...images.subarray(i * 784, (i + 1) * 784)]));
    return tf.tensor4d(pixels, [indices.length, 28, 28, 1]).div(255).sub(normalization.mean).div(normalization.std) as tf.Tensor4D;
  }

  private chain(nodes: readonly Node[], x: tf.Tensor, mode: "train" | "evaluate"): tf.Tensor {
    return nodes.reduce((activation, node) => this.apply(node, activation, mode), x);
  }

  private apply({ layer, body, shortcut }: Node, x: tf.Tensor, mode: "train" | "evaluate"): tf.Tensor {
    switch (layer.type) {
      case "conv": {
        // TF's own 'same' puts its zeros elsewhere at stride 2.
        const around = layer.padding === "same" ? (layer.kernelSize - 1) / 2 : 0;
        const padded = tf.pad(x as tf.Tensor4D, [
          [0, 0],
          [around, around],
          [around, around],
          [0, 0],
        ]);
        const y = tf.conv2d(padded, this.variable(layer.name, "weight") as tf.Tensor4D, layer.stride, "valid");
        return layer.bias ? y.add(this.variable(layer.name, "bias")) : y;
      }
      case "batchNorm":
        return this.batchNorm(layer.name, x, mode);
      case "relu":
        return x.relu();
      case "maxPool":
        return tf.maxPool(x as tf.Tensor4D, 2, 2, "valid");
      case "globalAveragePool":
        return x.mean([1, 2]);
      case "flatten":
        return x.transpose([0, 3, 1, 2]).reshape([x.shape[0], -1]);
      case "dense":
        return tf.matMul(x as tf.Tensor2D, this.variable(layer.name, "weight") as tf.Tensor2D).add(this.variable(layer.name, "bias"));
      case "residual":
        return this.chain(body!, x, mode).add(this.chain(shortcut!, x, mode));
      case "dropout":
        throw new Error("The oracle has no dropout: its random numbers are this project's own.");
    }
  }

  private batchNorm(name: string, x: tf.Tensor, mode: "train" | "evaluate"): tf.Tensor {
    let mean: tf.Tensor = this.variable(name, "running_mean");
    let variance: tf.Tensor = this.variable(name, "running_var");
    if (mode === "train") {
      const count = x.size / x.shape[3]!;
      ({ mean, variance } = tf.moments(x, [0, 1, 2]));
      this.follow(name, "running_mean", mean);
      this.follow(name, "running_var", variance.mul(count / (count - 1)));
    }
    const normalized = x.sub(mean).div(variance.add(batchNormEpsilon).sqrt());
    return normalized.mul(this.variable(name, "weight")).add(this.variable(name, "bias"));
  }

  /** Moves a running statistic towards the batch's. */
  private follow(name: string, part: string, value: tf.Tensor): void {
    const running = this.variable(name, part);
    running.assign(running.mul(1 - batchNormMomentum).add(value.mul(batchNormMomentum)));
  }

  private variable(name: string, part: string): tf.Variable {
    return this.variables.get(`${name}.${part}`)!;
  }
}

function ofPyTorch(tensor: tf.Tensor): tf.Tensor {
  if (tensor.rank === 4) return tensor.transpose([2, 3, 1, 0]);
  return tensor.rank === 2 ? tensor.transpose() : tensor;
}

function toPyTorch(tensor: tf.Tensor): tf.Tensor {
  if (tensor.rank === 4) return tensor.transpose([3, 2, 0, 1]);
  return tensor.rank === 2 ? tensor.transpose() : tensor;
}
