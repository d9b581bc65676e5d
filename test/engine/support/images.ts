import type { Split } from "../../../dist/data/split.js";
import type { Chunk } from "../../../dist/engine/contract/session.js";
import { randomKey, randomPermutation, randomUniform, streams } from "../../../dist/util/random.js";

export const normalization = { mean: 0.1307, std: 0.3081 };

/**
 * Digit-like images whose label can be learned: a bright stroke at an angle given by the label, on zeros (so that max pools meet ties) in
 * even samples and on noise in odd ones.
 */
export function testSplit(n: number, seed: number): Split {
  const images = new Uint8Array(n * 784);
  const labels = new Uint8Array(n);
  for (let s = 0; s < n; s++) {
    const key = randomKey(seed, streams.samples, s);
    labels[s] = Math.floor(randomUniform(key, 0) * 10);
    const angle = (labels[s] * Math.PI) / 10;
    const offset = 4 * (randomUniform(key, 1) - 0.5);
    for (let k = 0; k < 784; k++) {
      const x = (k % 28) - 13.5;
      const y = Math.floor(k / 28) - 13.5;
      const distance = Math.abs(x * Math.sin(angle) - y * Math.cos(angle) + offset);
      const ink = Math.hypot(x, y) < 11 ? Math.max(0, 1 - distance / 3) : 0;
      const noise = s % 2 === 1 ? randomUniform(key, 2 + k) * 0.3 : 0;
      images[s * 784 + k] = Math.round(255 * Math.min(1, ink + noise));
    }
  }
  return { images, labels };
}

export interface ChunkOptions {
  batchSize: number;
  steps: number;
  samples: number;
  learningRate: number;
  seed?: number;
  affine?: boolean;
}

/** @returns a chunk of random samples; with `affine`, each is rotated, scaled and shifted, some far out of the image */
export function testChunk({ batchSize, steps, samples, learningRate, seed = 1, affine = false }: ChunkOptions): Chunk {
  const count = batchSize * steps;
  const key = randomKey(seed, streams.shuffle, 0);
  const indices = randomPermutation(key, Math.max(count, samples)).map((i) => i % samples);
  const chunk: Chunk = { batchSize, indices: indices.subarray(0, count), learningRates: new Float32Array(steps).fill(learningRate) };
  if (affine) chunk.affine = new Float32Array(Array.from({ length: count }, (_, i) => affineMatrix(seed, i)).flat());
  return chunk;
}

/** @returns a rotation by up to ±30° and a scale of 0.7–1.3 about the centre, and a shift by up to ±6 pixels */
function affineMatrix(seed: number, index: number): number[] {
  const key = randomKey(seed, streams.augment, index);
  const span = (k: number, width: number) => (2 * randomUniform(key, k) - 1) * width;
  const angle = span(0, Math.PI / 6);
  const scale = 1 + span(1, 0.3);
  const cos = Math.cos(angle) * scale;
  const sin = Math.sin(angle) * scale;
  const centre = 13.5;
  return [cos, -sin, centre - cos * centre + sin * centre + span(2, 6), sin, cos, centre - sin * centre - cos * centre + span(3, 6)];
}
