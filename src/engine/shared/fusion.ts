import type { PoolLayer } from "../../model/layers/pool.js";
import type { Layer } from "../../model/layers.js";
import type { Node } from "../../model/nodes.js";

/**
 * dropout(pool(relu(normalize(input) + normalize(skip.value)))), every part but the input optional: layers that work element by element, as one
 * pass over memory.
 * @typeParam Features how an engine describes an activation in memory @typeParam Normalizer how it describes a batch norm
 */
export interface FusedActivation<Features, Normalizer> {
  input: Features;
  normalize?: Normalizer;
  skip?: { value: Features; normalize?: Normalizer };
  relu?: true;
  pool?: true;
  dropout?: { index: number; rate: number };
}

export type LayerOf<T extends Layer["type"]> = Extract<Layer, { type: T }>;

/** Pools that no activation takes along: an operation forward and one backward, which engines name after the layer. */
export type UnfusedPool = Exclude<PoolLayer, LayerOf<"maxPool">>;

/** Whether nothing is left to do but batch norm, which the sum of two branches can take along. */
function isPlain({ skip, relu, pool, dropout }: FusedActivation<unknown, unknown>): boolean {
  return !skip && !relu && !pool && !dropout;
}

/** Whether relu is all there is to do: the operation that makes the input can do it. */
export function isReluAlone({ normalize, skip, relu, pool, dropout }: FusedActivation<unknown, unknown>): boolean {
  return !!relu && !normalize && !skip && !pool && !dropout;
}

/**
 * Walks a model's layers and gathers those that work element by element into one activation, which is carried out when a layer needs its
 * output. The engine decides how features lie in memory, and which operations the layers become.
 */
export abstract class Fusion<Features, Normalizer> {
  constructor(protected readonly mode: "train" | "inference") {}

  protected abstract convolution(layer: LayerOf<"conv">, node: Node, input: Features): Features;
  protected abstract dense(layer: LayerOf<"dense">, node: Node, input: Features): Features;
  protected abstract pool(layer: UnfusedPool, node: Node, input: Features): Features;
  /** @returns the activation's output as one vector of channels, rows and columns */
  protected abstract flatten(a: FusedActivation<Features, Normalizer>): Features;
  protected abstract normalizer(layer: string, input: Features): Normalizer;
  /** Several branches are going to read the input: a relu at the start of one may not change it in place. */
  protected abstract keep(input: Features): void;
  /** @param a with something to do @returns its output */
  protected abstract carryOut(a: FusedActivation<Features, Normalizer>): Features;

  protected walk(nodes: readonly Node[], start: FusedActivation<Features, Normalizer>): FusedActivation<Features, Normalizer> {
    return nodes.reduce((a, node) => this.layer(node, a), start);
  }

  protected layer(node: Node, a: FusedActivation<Features, Normalizer>): FusedActivation<Features, Normalizer> {
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
      case "flatten":
        return { input: this.flatten(a) };
      case "residual":
        return this.residual(node, this.flush(a));
      default:
        return { input: this.pool(layer, node, this.flush(a)) };
    }
  }

  private residual(node: Node, input: Features): FusedActivation<Features, Normalizer> {
    this.keep(input);
    const body = this.walk(node.body ?? [], { input });
    const shortcut = this.walk(node.shortcut ?? [], { input });
    const main = isPlain(body) ? body : { input: this.flush(body) };
    // The backward sums of a skip's batch norm are made together with those of the body's.
    const other = isPlain(shortcut) && (main.normalize || !shortcut.normalize) ? shortcut : { input: this.flush(shortcut) };
    return { ...main, skip: { value: other.input, normalize: other.normalize } };
  }

  /** Carries out a gathered activation. @returns its output; the input itself where there is nothing to do */
  protected flush(a: FusedActivation<Features, Normalizer>): Features {
    return isPlain(a) && !a.normalize ? a.input : this.carryOut(a);
  }
}
