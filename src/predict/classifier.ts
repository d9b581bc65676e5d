import type { EngineChoice } from "../config/types.js";
import { styleOf } from "../data/catalog.js";
import type { EngineInfo, Session } from "../engine/engine.js";
import { selectEngine } from "../engine/registry.js";
import { buildModel } from "../model/presets.js";
import type { ImageStyle } from "../picture/read.js";
import { loadCheckpoint } from "../run/checkpoint.js";
import type { CheckpointInfo } from "../run/checkpoint-info.js";
import { UserError } from "../util/errors.js";

/** A trained model at work. */
export interface Classifier {
  info: CheckpointInfo;
  /** The checkpoint's folder. */
  dir: string;
  /** SHA-256 of the weights: tells two checkpoints in one place apart. */
  digest: string;
  engine: EngineInfo;
  /** How pictures must be made for it. */
  style: ImageStyle;
  /**
   * @param images [n × 784] in [0, 1], 0 background; one call at a time
   * @returns n answers
   */
  classify(images: Float32Array): Promise<Classification[]>;
  dispose(): Promise<void>;
}

export interface Classification {
  label: number;
  /** The class's name: "7", "Sneaker" */
  name: string;
  /** [10] adding up to 1 */
  probabilities: number[];
}

export interface ClassifierOptions {
  engine: EngineChoice;
  threads: number;
}

/** Inference uses no optimizer and no batch; the smallest of both keeps the session small. */
const idle = { optimizer: { type: "sgd", momentum: 0, weightDecay: 0 } as const, batchSize: 1, seed: 0 };

/** Loads a checkpoint into an engine. @throws UserError where it is missing, damaged or of another model */
export async function openClassifier(dir: string, { engine: choice, threads }: ClassifierOptions): Promise<Classifier> {
  const { state, info } = await loadCheckpoint(dir);
  const model = buildModel(info.preset, { kernels: info.kernels, dropout: info.dropout });
  const { engine } = await selectEngine(choice, "inference");
  const session = await engine.create({ ...idle, model, normalization: info.normalization, threads });
  try {
    session.write(state);
  } catch (error) {
    await session.dispose();
    throw new UserError(`The checkpoint ${dir} does not fit its model ${info.preset}: ${(error as Error).message}.`);
  }
  return {
    info,
    dir,
    digest: info.files?.["weights.safetensors"] ?? "",
    engine: session.info,
    style: styleOf(info.dataset),
    classify: (images) => classify(session, info, dir, images),
    dispose: () => session.dispose(),
  };
}

async function classify(session: Session, info: CheckpointInfo, dir: string, images: Float32Array): Promise<Classification[]> {
  const logits = await session.predict(images);
  const count = images.length / 784;
  return Array.from({ length: count }, (_, i) => {
    const row = Array.from(logits.subarray(10 * i, 10 * i + 10));
    if (!row.every(Number.isFinite))
      throw new UserError(`The model in ${dir} answers with numbers that are not finite: its training diverged; use another checkpoint.`);
    const probabilities = softmax(row);
    const label = probabilities.indexOf(Math.max(...probabilities));
    return { label, name: info.classNames[label], probabilities };
  });
}

function softmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
