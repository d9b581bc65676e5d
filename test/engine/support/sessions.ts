import type { Engine } from "../../../dist/engine/contract/engine.js";
import type { Chunk, SessionOptions } from "../../../dist/engine/contract/session.js";
import type { State } from "../../../dist/engine/contract/state.js";
import type { Model } from "../../../dist/model/model.js";
import type { OptimizerSettings } from "../../../dist/model/optimizers.js";
import { normalization, testSplit } from "./images.js";

export type TestSession = Awaited<ReturnType<Engine["create"]>>;

export const sgdMomentum: OptimizerSettings = { type: "sgd", momentum: 0.9, weightDecay: 0 };
export const adam: OptimizerSettings = { type: "adam", momentum: 0, weightDecay: 0 };

/** The number of samples of every test's training split. */
export const samples = 40;
export const trainSplit = testSplit(samples, 1);
export const evaluationSplit = testSplit(23, 2);

/** Runs `body` on a session with the training split loaded, and disposes of the session in any case. */
export async function withSession<T>(
  engine: Engine,
  options: Partial<SessionOptions> & { model: Model },
  body: (session: TestSession) => Promise<T>,
): Promise<T> {
  const session = await engine.create({ optimizer: sgdMomentum, seed: 7, batchSize: 12, normalization, threads: 2, ...options });
  try {
    session.load(trainSplit);
    return await body(session);
  } finally {
    await session.dispose();
  }
}

/**
 * @returns the results of one step: among them its gradients, read from SGD's momentum buffer, which after the first step is the gradient itself,
 * and the running statistics after it
 */
export async function oneStepOf(session: TestSession, chunk: Chunk) {
  const { loss, correct } = await session.train(chunk);
  const state = session.read();
  const statistics = new Map([...state.tensors].filter(([name]) => name.includes(".running_")));
  return { loss: loss[0], correct: correct[0], gradients: slot(state, "momentum_buffer"), statistics };
}

/** @returns one optimizer slot by parameter name */
export function slot({ tensors }: State, name: string) {
  return new Map([...tensors].filter(([key]) => key.startsWith(`${name}/`)));
}

/** @returns parameters and batch-norm statistics alone */
export function parametersOf({ tensors }: State) {
  return new Map([...tensors].filter(([key]) => !key.includes("/")));
}
