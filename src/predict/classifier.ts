import type { EngineChoice } from "../config/types.js";
import { styleOf } from "../data/catalog.js";
import type { EngineInfo } from "../engine/contract/engine.js";
import type { Session } from "../engine/contract/session.js";
import { selectEngine } from "../engine/registry.js";
import { argmax, classes, softmax } from "../model/logits.js";
import { buildModel } from "../model/presets.js";
import type { ImageStyle } from "../picture/read.js";
import { loadCheckpoint } from "../run/checkpoint.js";
import type { CheckpointInfo } from "../run/checkpoint-info.js";
import { UserError } from "../util/errors.js";
import { imagePixels } from "../util/image-size.js";

/** A trained model in an engine, ready to classify. */
export interface Classifier {
  info: CheckpointInfo;
  /** The checkpoint's folder. */
  dir: string;
  engine: EngineInfo;
  /** Style of the pictures that it was trained on. */
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

/** Options that inference has no use for; the smallest optimizer and batch keep the session small. */
const unused = { optimizer: { type: "sgd", momentum: 0, weightDecay: 0 } as const, batchSize: 1, seed: 0 };

/** Loads a checkpoint into an engine. @throws UserError where it is missing, damaged or of another model */
export async function openClassifier(dir: string, { engine: choice, threads }: ClassifierOptions): Promise<Classifier> {
  const { state, info } = await loadCheckpoint(dir);
  const model = buildModel(info.preset, { kernels: info.kernels, dropout: info.dropout });
  const { engine } = await selectEngine(choice, "inference");
  const session = await engine.create({ ...unused, model, normalization: info.normalization, threads });
  try {
    session.write(state);
  } catch (error) {
    await session.dispose();
    throw new UserError(`The checkpoint ${dir} does not fit its model ${info.preset}: ${(error as Error).message}.`);
  }
  return {
    info,
    dir,
    engine: session.info,
    style: styleOf(info.dataset),
    classify: (images) => classify(session, info, dir, images),
    dispose: () => session.dispose(),
  };
}

async function classify(session: Session, info: CheckpointInfo, dir: string, images: Float32Array): Promise<Classification[]> {
  const logits = await session.predict(images);
  const count = images.length / imagePixels;
  return Array.from({ length: count }, (_, i) => {
    const row = logits.subarray(classes * i, classes * (i + 1));
    if (!row.every(Number.isFinite))
      throw new UserError(`The model in ${dir} answers with numbers that are not finite: its training diverged; use another checkpoint.`);
    const probabilities = [...softmax(row)];
    const [label] = argmax(probabilities);
    return { label, name: info.classNames[label], probabilities };
  });
}
