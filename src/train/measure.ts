import type { Engine } from "../engine/contract/engine.js";
import type { Profile } from "../engine/contract/profile.js";
import type { Chunk, Session } from "../engine/contract/session.js";
import { classes } from "../model/logits.js";
import type { Model } from "../model/model.js";
import type { OptimizerSettings } from "../model/optimizers.js";
import { UserError } from "../util/errors.js";
import { imagePixels, imageSide } from "../util/image-size.js";

export interface Measurement {
  msPerStep: number;
  imagesPerSecond: number;
}

const warmUpSteps = 5;

interface MeasureOptions {
  model: Model;
  optimizer: OptimizerSettings;
  batchSize: number;
  threads: number;
  tf32?: boolean;
  /** Steps that are measured, after five that are not. */
  steps: number;
}

/** Times training steps on the same batch every time: the engine alone, without reading data or evaluating. */
export function measureTraining(engine: Engine, options: MeasureOptions): Promise<Measurement> {
  return warmedUp(engine, options, async (session, chunk) => {
    const began = performance.now();
    await session.train(chunk);
    const milliseconds = performance.now() - began;
    const { steps, batchSize } = options;
    return { msPerStep: round(milliseconds / steps), imagesPerSecond: round((1000 * steps * batchSize) / milliseconds) };
  });
}

/** @throws UserError where the engine has no profile */
export function profileTraining(engine: Engine, options: MeasureOptions): Promise<Profile> {
  return warmedUp(engine, options, (session, chunk) => {
    if (!session.profile) throw new UserError(`The engine ${engine.name} cannot be profiled; choose native or wasm.`, 2);
    return session.profile(chunk);
  });
}

async function warmedUp<T>(engine: Engine, options: MeasureOptions, measure: (session: Session, chunk: Chunk) => Promise<T>): Promise<T> {
  const { model, optimizer, batchSize, threads, tf32, steps } = options;
  const normalization = { mean: 0.1307, std: 0.3081 };
  const session = await engine.create({ model, optimizer, seed: 0, batchSize, normalization, threads, tf32 });
  try {
    session.load(strokes(batchSize));
    await session.train(repeatedChunk(batchSize, warmUpSteps));
    return await measure(session, repeatedChunk(batchSize, steps));
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

/** Images with about as many blank pixels as MNIST has: a bar whose position tells the class. */
function strokes(count: number): { images: Uint8Array; labels: Uint8Array } {
  const images = new Uint8Array(count * imagePixels);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes);
  labels.forEach((label, i) => {
    for (let y = 4; y < 24; y++) {
      const left = i * imagePixels + y * imageSide + 4 + 2 * label;
      images.fill(128 + ((i * 7) % 128), left, left + 4);
    }
  });
  return { images, labels };
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}
