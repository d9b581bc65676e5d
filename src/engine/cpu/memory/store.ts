import type { Model } from "../../../model/model.js";
import { type OptimizerSettings, slotNames } from "../../../model/optimizers.js";
import type { Offset } from "../../schema/fields.js";
import { encodeStruct, type StructFields, structWords } from "../program/encode.js";
import { constants, sumsRows, tableRows } from "../program/schema.js";
import { type Allocator, LaneRegion } from "./allocator.js";
import { type FeatureMap, flattenOrder, padded, strides } from "./feature-map.js";
import { type Packing, packedSize, packing, parameterNamed, type Stored } from "./parameters.js";
import { type Tile, widestDenseTile } from "./tiles.js";
import { type TileSide, transformedSize } from "./winograd-weights.js";

/** The part of a parameter that one task of the update takes; `step` and `pieces` count the taps of a convolution. */
export type WeightRange = StructFields<"WeightRange">;

/** The tables and sums of one batch norm; `sums` is lane 0's. */
export interface Normalizer {
  layer: string;
  channels: number;
  pixels: number;
  tables: Offset;
  sums: () => Offset;
  weight: Offset;
  bias: Offset;
  runningMean: Offset;
  runningVariance: Offset;
}

/** Weights of one task of the update: many enough to be worth claiming, few enough to share among threads. */
const updateFloats = 8192;
/** Rows of weights of one task at the least. They are columns of the transposed copy: 32 are a pair of cache lines, which processors fetch together. */
const leastRows = 2 * constants.blockChannels;

/** Gives every parameter of a model its place in the arena, on first use and in the table's order. */
export class Store {
  readonly stored: Stored[] = [];
  readonly gradients = new LaneRegion();
  readonly sums = new LaneRegion();
  private readonly tileTables: { offset: Offset; tiles: readonly Tile[] }[] = [];
  private readonly winograd = new Map<Stored, { forward?: Offset; transposed?: Offset }>();
  private readonly normalizers = new Map<string, Normalizer>();

  constructor(
    private readonly model: Model,
    private readonly optimizer: OptimizerSettings,
    readonly vectorWidth: number,
    private readonly allocator: Allocator,
  ) {}

  /** @param transposed whether the layer's input needs a gradient @param widest tile, in vectors */
  weights(
    name: string,
    { taps, inputs, order }: { taps: number; inputs: number; order?: Int32Array },
    transposed: "transposed" | "forward only",
    widest: number = constants.mostTileVectors,
  ): Stored {
    return this.named(name, (stored) => {
      const outputs = stored.parameter.shape[0];
      stored.packing = packing({ taps, inputs, outputs, order }, this.vectorWidth, widest);
      stored.size = packedSize(stored.packing, this.vectorWidth);
      if (transposed === "transposed") {
        const back = packing({ taps, inputs: outputs, outputs: inputs }, this.vectorWidth, widest);
        const size = packedSize(back, this.vectorWidth);
        stored.transposed = { packing: back, size, offset: this.allocator.take(size) };
      }
    });
  }

  /** @returns where Winograd's form of a convolution's weights, or of their transposed copy, lies */
  transformed(stored: Stored, which: "forward" | "transposed", side: TileSide): Offset {
    const { size, packing } = which === "forward" ? { size: stored.size, packing: stored.packing! } : stored.transposed!;
    const known = this.winograd.get(stored) ?? {};
    this.winograd.set(stored, known);
    known[which] ??= this.allocator.take(transformedSize(side, size, packing.tiles));
    return known[which];
  }

  vector(name: string): Stored {
    return this.named(name, (stored) => {
      stored.size = padded(stored.parameter.size);
    });
  }

  private named(name: string, describe: (stored: Stored) => void): Stored {
    const known = this.stored.find((s) => s.parameter.name === name);
    if (known) return known;
    const stored: Stored = { parameter: parameterNamed(this.model, name), size: 0, offset: this.allocator.end, slots: [] };
    describe(stored);
    stored.offset = this.allocator.take(stored.size);
    if (stored.parameter.trainable) {
      stored.slots = slotNames(this.optimizer).map((slot) => ({ name: slot, offset: this.allocator.take(stored.size) }));
    }
    this.stored.push(stored);
    return stored;
  }

  /** Weights of a dense layer whose input is `input`, in whichever layout that has. */
  dense(name: string, input: FeatureMap, transposed: "transposed" | "forward only", batchSize: number): Stored {
    const inputs = strides(input).image;
    return this.weights(name, { taps: 1, inputs, order: flattenOrder(input) }, transposed, widestDenseTile(batchSize, this.vectorWidth));
  }

  normalizer(layer: string, input: FeatureMap): Normalizer {
    const known = this.normalizers.get(layer);
    if (known) return known;
    const [channels, height, width] = input.shape;
    const offset = (suffix: string) => this.vector(`${layer}.${suffix}`).offset;
    const [weight, bias, runningMean, runningVariance] = ["weight", "bias", "running_mean", "running_var"].map(offset);
    const tables = this.allocator.take(tableRows * padded(channels));
    const sums = this.sums.take(2 * sumsRows * padded(channels));
    const normalizer = { layer, channels, pixels: height * width, tables, sums, weight, bias, runningMean, runningVariance };
    this.normalizers.set(layer, normalizer);
    return normalizer;
  }

  /** @param together all taps of a weight in one range @returns the ranges of one parameter that the update's tasks take */
  ranges(stored: Stored, together = false): WeightRange[] {
    const { offset: weights, packing, size } = stored;
    if (!packing) {
      const tile = { first: 0, vectors: size / this.vectorWidth, weights: 0 };
      return [{ weights, from: 0, count: size, pieces: 1, step: 0, tile, transpose: undefined }];
    }
    const transpose = this.transposeOf(stored, packing);
    return packing.tiles.flatMap((tile) => {
      const width = tile.vectors * this.vectorWidth;
      const pieces = together ? packing.taps : 1;
      const rows = (packing.taps * packing.inputs) / pieces;
      const most = Math.max(leastRows, Math.floor(updateFloats / (pieces * width * leastRows)) * leastRows);
      const ranges: WeightRange[] = [];
      for (let row = 0; row < rows; row += most) {
        const count = Math.min(most, rows - row) * width;
        ranges.push({ weights, from: tile.weights + row * width, count, pieces, step: packing.inputs * width, tile, transpose });
      }
      return ranges;
    });
  }

  /** @returns the rows of its tile's weights that a range takes; of the first tap's where it takes all taps */
  rowsOf({ from, count, tile }: WeightRange): { first: number; count: number } {
    const width = tile.vectors * this.vectorWidth;
    return { first: (from - tile.weights) / width, count: count / width };
  }

  private transposeOf(stored: Stored, forward: Packing): StructFields<"Transpose"> | undefined {
    const { transposed } = stored;
    if (!transposed) return undefined;
    const { tiles } = transposed.packing;
    let table = this.tileTables.find((t) => t.tiles === tiles);
    if (!table) {
      table = { offset: this.allocator.take(structWords("Tile") * tiles.length), tiles };
      this.tileTables.push(table);
    }
    const { taps, inputs, outputs } = forward;
    return { weights: transposed.offset, taps, inputs, outputs, tiles: table.offset };
  }

  /** Writes the tables of tiles that the update reads. */
  writeTileTables(words: Int32Array): void {
    for (const { offset, tiles } of this.tileTables)
      words.set(
        tiles.flatMap((tile) => encodeStruct("Tile", tile)),
        offset,
      );
  }
}
