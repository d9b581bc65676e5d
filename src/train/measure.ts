import type { Chunk, Engine, OptimizerSettings } from "../engine/engine.js";
import type { Model } from "../model/model.js";

export interface Measurement {
  msPerStep: number;
  imagesPerSecond: number;
}

const warmUpSteps = 5;

/**
 * Times training steps on one batch that is trained again and again: the engine alone, without reading data or evaluating.
 * @param options steps: how many are timed, after five that are not
 */
export async function measureTraining(
  engine: Engine,
  options: { model: Model; optimizer: OptimizerSettings; batchSize: number; threads: number; steps: number },
): Promise<Measurement> {
  const { model, optimizer, batchSize, threads, steps } = options;
  const session = await engine.create({ model, optimizer, seed: 0, batchSize, normalization: { mean: 0.1307, std: 0.3081 }, threads });
  try {
    session.load(strokes(batchSize));
    await session.train(repeatedChunk(batchSize, warmUpSteps));
    const chunk = repeatedChunk(batchSize, steps);
    const began = performance.now();
    await session.train(chunk);
    const milliseconds = performance.now() - began;
    return { msPerStep: round(milliseconds / steps), imagesPerSecond: round((1000 * steps * batchSize) / milliseconds) };
  } finally {
    await session.dispose();
  }
}

function repeatedChunk(batchSize: number, steps: number): Chunk {
  return {
    batchSize,
    indices: Uint32Array.from({ length: steps * batchSize }, (_, i) => i % batchSize),
    learningRates: new Float32Array(steps).fill(1e-3),
  };
}

/** Images with about as many blank pixels as MNIST has: a bar whose place tells the class. */
function strokes(count: number): { images: Uint8Array; labels: Uint8Array } {
  const images = new Uint8Array(count * 784);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  labels.forEach((label, i) => {
    for (let y = 4; y < 24; y++) images.fill(128 + ((i * 7) % 128), i * 784 + y * 28 + 4 + 2 * label, i * 784 + y * 28 + 8 + 2 * label);
  });
  return { images, labels };
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}
