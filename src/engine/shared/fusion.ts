import type { Layer, Node } from "../../model/model.js";

/** dropout(pool(relu(normalize(input) + normalize(skip)))), every part optional. */
export interface Activation<Value, Normalizer> {
  input: Value;
  normalize?: Normalizer;
  skip?: { value: Value; normalize?: Normalizer };
  relu?: true;
  pool?: true;
  dropout?: { index: number; rate: number };
}

export type LayerOf<T extends Layer["type"]> = Extract<Layer, { type: T }>;

/** Whether nothing is left to do but batch norm, which the sum of two branches can take along. */
function isPlain({ skip, relu, pool, dropout }: Activation<unknown, unknown>): boolean {
  return !skip && !relu && !pool && !dropout;
}

/** Whether relu is all that there is to do: whatever makes the input can do it. */
export function isReluAlone({ normalize, skip, relu, pool, dropout }: Activation<unknown, unknown>): boolean {
  return !!relu && !normalize && !skip && !pool && !dropout;
}

/**
 * Walks a model's layers and gathers those that work element by element into one activation, which is carried out when a layer needs its
 * value. What a value is, and what the layers become, is the engine's.
 */
export abstract class Fusion<Value, Normalizer> {
  constructor(protected readonly mode: "train" | "inference") {}

  protected abstract convolution(layer: LayerOf<"conv">, node: Node, input: Value): Value;
  protected abstract dense(layer: LayerOf<"dense">, node: Node, input: Value): Value;
  protected abstract averagePool(node: Node, input: Value): Value;
  /** @returns the activation's output as one vector of channels, rows and columns */
  protected abstract flatten(a: Activation<Value, Normalizer>): Value;
  protected abstract normalizer(layer: string, input: Value): Normalizer;
  /** Several branches are going to read it: a relu at the start of one may not change it in place. */
  protected abstract keep(input: Value): void;
  /** @param a with something to do @returns its output */
  protected abstract carryOut(a: Activation<Value, Normalizer>): Value;

  protected walk(nodes: readonly Node[], start: Activation<Value, Normalizer>): Activation<Value, Normalizer> {
    return nodes.reduce((a, node) => this.layer(node, a), start);
  }

  protected layer(node: Node, a: Activation<Value, Normalizer>): Activation<Value, Normalizer> {
    const { layer } = node;
    switch (layer.type) {
      case "conv":
        return { input: this.convolution(layer, node, this.flush(a)) };
      case "dense":
        return { input: this.dense(layer, node, this.flush(a)) };
      case "batchNorm": {
        const input = this.flush(a);
        return { input, normalize: this.normalizer(layer.name, input) };
      }
      case "relu":
        return { ...(a.dropout ? { input: this.flush(a) } : a), relu: true };
      case "maxPool":
        return { ...(a.pool || a.dropout ? { input: this.flush(a) } : a), pool: true };
      case "dropout":
        if (layer.rate === 0 || this.mode === "inference") return a;
        return { ...(a.dropout ? { input: this.flush(a) } : a), dropout: { index: node.dropoutIndex ?? 0, rate: layer.rate } };
      case "globalAveragePool":
        return { input: this.averagePool(node, this.flush(a)) };
      case "flatten":
        return { input: this.flatten(a) };
      case "residual":
        return this.residual(node, this.flush(a));
    }
  }

  private residual(node: Node, input: Value): Activation<Value, Normalizer> {
    this.keep(input);
    const body = this.walk(node.body ?? [], { input });
    const shortcut = this.walk(node.shortcut ?? [], { input });
    const main = isPlain(body) ? body : { input: this.flush(body) };
    // The sums of a skip's batch norm come with those of the body's.
    const other = isPlain(shortcut) && (main.normalize || !shortcut.normalize) ? shortcut : { input: this.flush(shortcut) };
    return { ...main, skip: { value: other.input, normalize: other.normalize } };
  }

  /** Carries out a gathered activation. @returns its output; the input itself where there is nothing to do */
  protected flush(a: Activation<Value, Normalizer>): Value {
    return isPlain(a) && !a.normalize ? a.input : this.carryOut(a);
  }
}
