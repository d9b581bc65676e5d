import type { Layer } from "../../../dist/model/layers.js";
import type { Model } from "../../../dist/model/model.js";
import { modelFromLayers } from "../../../dist/model/presets.js";

type Conv = Extract<Layer, { type: "conv" }>;

const conv = (name: string, filters: number, options: Partial<Conv> = {}): Layer => ({
  type: "conv",
  name,
  filters,
  kernelSize: 3,
  stride: 1,
  padding: "same",
  bias: true,
  ...options,
});
const norm = (name: string): Layer => ({ type: "batchNorm", name });
const dense = (name: string, units = 10): Layer => ({ type: "dense", name, units });
const dropout = (rate: number): Layer => ({ type: "dropout", rate });
const relu: Layer = { type: "relu" };
const pool: Layer = { type: "maxPool" };
const gap: Layer = { type: "globalAveragePool" };
const flatten: Layer = { type: "flatten" };
const valid = { padding: "valid" } as const;
const noBias = { bias: false } as const;
const stride2 = { stride: 2 } as const;
const oneByOne = { kernelSize: 1 } as const;

/**
 * Small models that cover the variants of layers: strides, paddings, odd sizes and channel counts that fill no vector register (5, 22, 33),
 * fused and unfused neighbours. Every model shrinks the image early, to stay quick in the reference engine.
 */
const layerLists: Record<string, Layer[]> = {
  "dense alone": [flatten, dense("fc1")],
  "dense, relu, dense of odd widths": [pool, pool, flatten, dense("fc1", 33), relu, dense("fc2", 5), relu, dense("fc3")],
  "conv 3×3 same, pool": [conv("conv1", 5), relu, pool, flatten, dense("fc1")],
  "conv 3×3 valid, odd pools": [conv("conv1", 5, valid), relu, pool, conv("conv2", 22, valid), relu, pool, flatten, dense("fc1")],
  "conv 3×3 valid without pool": [pool, conv("conv1", 6, valid), relu, conv("conv2", 7, valid), relu, flatten, dense("fc1")],
  "conv 3×3 same, stride 2, odd sizes": [
    conv("conv1", 5, stride2),
    relu,
    conv("conv2", 22, stride2),
    relu,
    conv("conv3", 33, stride2),
    relu,
    flatten,
    dense("fc1"),
  ],
  "conv 3×3 valid, stride 2": [
    conv("conv1", 3, { ...valid, ...stride2 }),
    relu,
    conv("conv2", 9, { ...valid, ...stride2 }),
    relu,
    flatten,
    dense("fc1"),
  ],
  "conv 1×1, stride 1 and 2": [
    conv("conv1", 5, { ...oneByOne, ...stride2 }),
    relu,
    conv("conv2", 22, oneByOne),
    relu,
    conv("conv3", 8, { ...oneByOne, ...stride2, ...valid }),
    flatten,
    dense("fc1"),
  ],
  "conv without bias or relu": [pool, conv("conv1", 5, noBias), conv("conv2", 4), pool, flatten, dense("fc1")],
  "conv, relu behind the pool": [conv("conv1", 5, stride2), pool, relu, conv("conv2", 6), pool, relu, flatten, dense("fc1")],
  "wide conv": [pool, pool, conv("conv1", 33), relu, conv("conv2", 65), relu, pool, flatten, dense("fc1")],
  "many small layers": [
    pool,
    conv("conv1", 4),
    relu,
    conv("conv2", 4),
    relu,
    conv("conv3", 4),
    relu,
    conv("conv4", 4),
    relu,
    conv("conv5", 4),
    relu,
    pool,
    flatten,
    dense("fc1"),
  ],
  "global average pool of an odd size": [conv("conv1", 22, { ...valid, ...stride2 }), relu, gap, dense("fc1")],
  "global average pools, both branches of a residual": [
    conv("conv1", 5, stride2),
    relu,
    { type: "residual", name: "layer1", body: [gap], shortcut: [gap] },
    dense("fc1"),
  ],
  "global average pool behind pool, flattened": [conv("conv1", 5, stride2), relu, pool, gap, flatten, dense("fc1", 7), relu, dense("fc2")],
  "batch norm": [
    conv("conv1", 5, { ...noBias, ...stride2 }),
    norm("bn1"),
    relu,
    conv("conv2", 22, noBias),
    norm("bn2"),
    relu,
    pool,
    flatten,
    dense("fc1"),
  ],
  "batch norm behind a bias, without relu": [
    conv("conv1", 5, stride2),
    norm("bn1"),
    conv("conv2", 6, stride2),
    norm("bn2"),
    flatten,
    dense("fc1"),
  ],
  "batch norm behind relu and pool": [conv("conv1", 5, stride2), relu, norm("bn1"), pool, norm("bn2"), flatten, dense("fc1")],
  "batch norm, global average pool": [conv("conv1", 6, { ...noBias, ...stride2 }), norm("bn1"), relu, gap, dense("fc1")],
  "smooth: batch norm and a residual without relu or maximum": [
    conv("conv1", 5, { ...noBias, ...stride2 }),
    norm("bn1"),
    {
      ...residual("layer1", 22, 2, true),
      body: [conv("layer1.conv1", 9, { ...noBias, ...stride2 }), norm("layer1.bn1"), conv("layer1.conv2", 22, noBias)],
    },
    flatten,
    dropout(0.2),
    dense("fc1", 17),
    dense("fc2"),
  ],
  dropout: [conv("conv1", 5, stride2), relu, pool, dropout(0.25), flatten, dense("fc1", 16), relu, dropout(0.5), dense("fc2")],
  "dropout between convolutions": [
    conv("conv1", 5, { ...noBias, ...stride2 }),
    norm("bn1"),
    relu,
    pool,
    dropout(0.3),
    conv("conv2", 7),
    relu,
    dropout(0.1),
    gap,
    dropout(0.2),
    dense("fc1"),
  ],
  "dropout of rate 0": [conv("conv1", 5, stride2), relu, pool, dropout(0), flatten, dense("fc1")],
  "residual, identity": [
    conv("conv1", 5, { ...noBias, ...stride2 }),
    norm("bn1"),
    relu,
    residual("layer1", 5, 1, false),
    relu,
    pool,
    flatten,
    dense("fc1"),
  ],
  "residual, projected with stride 2": [
    conv("conv1", 5, { ...noBias, ...stride2 }),
    norm("bn1"),
    relu,
    residual("layer1", 22, 2, true),
    relu,
    residual("layer2", 7, 2, true),
    relu,
    gap,
    dense("fc1"),
  ],
  "residual, projected with stride 1": [pool, conv("conv1", 4), relu, residual("layer1", 6, 1, true), relu, gap, dense("fc1")],
  "residual without batch norm, no relu behind but an odd pool": [
    pool,
    conv("conv1", 5, stride2),
    relu,
    { type: "residual", name: "layer1", body: [conv("layer1.conv1", 9), relu, conv("layer1.conv2", 5)], shortcut: [] },
    pool,
    flatten,
    dense("fc1"),
  ],
};

/** The basic block of `residual`. */
function residual(name: string, filters: number, stride: 1 | 2, projected: boolean): Extract<Layer, { type: "residual" }> {
  const plain = { ...noBias };
  return {
    type: "residual",
    name,
    body: [
      conv(`${name}.conv1`, filters, { ...plain, stride }),
      norm(`${name}.bn1`),
      relu,
      conv(`${name}.conv2`, filters, plain),
      norm(`${name}.bn2`),
    ],
    shortcut: projected ? [conv(`${name}.shortcut.0`, filters, { ...plain, ...oneByOne, stride }), norm(`${name}.shortcut.1`)] : [],
  };
}

export const tinyModels: readonly Model[] = Object.entries(layerLists).map(([name, layers]) => modelFromLayers(name, layers));

/** @returns the tiny model of that name */
export function tinyModel(name: string): Model {
  const model = tinyModels.find((candidate) => candidate.preset === name);
  if (!model) throw new Error(`There is no tiny model "${name}".`);
  return model;
}
