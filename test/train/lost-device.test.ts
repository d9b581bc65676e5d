import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { shippedPresets } from "../../dist/config/files.js";
import { flagSource, resolveOptions } from "../../dist/config/resolve.js";
import { loadDataset } from "../../dist/data/datasets.js";
import type { Session } from "../../dist/engine/contract/session.js";
import { wasmEngine } from "../../dist/engine/cpu/engine.js";
import { CudaError, cudaError } from "../../dist/engine/cuda/errors.js";
import { buildModel } from "../../dist/model/presets.js";
import { loadCheckpoint } from "../../dist/run/checkpoint.js";
import { CommandQueue } from "../../dist/train/commands.js";
import type { SetupMessage, TrainerMessage, TrainerSetup } from "../../dist/train/protocol.js";
import { shareDataset, unshareDataset } from "../../dist/train/shared-dataset.js";
import { runTrainer } from "../../dist/train/trainer.js";
import { temporaryFolder } from "../cli/program.js";

const create = wasmEngine.create;
afterEach(() => vi.restoreAllMocks());

const illegal = {
  code: "CUDA_ERROR_ILLEGAL_ADDRESS",
  text: "an illegal memory access was encountered",
  call: "cuStreamQuery",
  device: "NVIDIA Test",
};

/** Trains `compact` for three epochs of ten steps. @param lostAt the step after which every call fails, as it does on a lost GPU */
async function train(folder: string, lostAt: number, start: "new" | "resume") {
  vi.spyOn(wasmEngine, "create").mockImplementation(async (options) => {
    const session = await create(options);
    let steps = 0;
    const guarded = (name: keyof Session) => {
      const real = session[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (steps >= lostAt) throw cudaError(illegal);
        if (name === "train") steps += (args[0] as { learningRates: Float32Array }).learningRates.length;
        return real.apply(session, args);
      };
    };
    for (const name of ["train", "evaluate", "predict", "read", "write"] as const) Object.assign(session, { [name]: guarded(name) });
    return session;
  });
  const dataset = await shareDataset(await loadDataset("synthetic", { explicit: true, limitTrain: 320, limitTest: 50 }));
  const flags = flagSource({ model: "compact", batchSize: 32, epochs: 3 });
  const [model] = resolveOptions({ flags }, shippedPresets(), new Date()).config.models;
  const paths = { events: join(folder, "events.jsonl"), best: join(folder, "best"), last: join(folder, "last") };
  const { layers } = buildModel(model.preset);
  const setup: TrainerSetup = { model, layers, normalization: dataset.normalization, seed: 0, engine: "wasm", threads: 1, number: 0 };
  const messages: SetupMessage[] = [
    { type: "configure", setup },
    { type: "dataset", dataset },
    { type: "begin", beginning: { run: "lost", paths, start, afterwards: "exit", notices: [] } },
  ];
  const said: TrainerMessage[] = [];
  const receive = async (type: string) => messages.find((message) => message.type === type) as never;
  const code = await runTrainer({ receive, commands: new CommandQueue(), send: (message) => said.push(message) });
  await unshareDataset(dataset);
  return { code, said, paths };
}

test("a GPU that is lost ends the trainer with one sentence, and its last checkpoint can be resumed", async () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const lost = await train(folder, 15, "new");
  expect(lost.code).toBe(1);
  expect(lost.said.at(-1)).toMatchObject({ type: "error", message: cudaError(illegal).message });
  expect(cudaError(illegal)).toBeInstanceOf(CudaError);
  expect(lost.said.filter(({ type }) => type === "done")).toEqual([]);
  // The checkpoint was written whole after the first epoch, and there is no file beside it.
  expect((await loadCheckpoint(lost.paths.last)).info).toMatchObject({ step: 10, epoch: 1 });
  expect(readdirSync(folder).sort()).toEqual(["best", "events.jsonl", "last"]);
  const resumed = await train(folder, Number.POSITIVE_INFINITY, "resume");
  expect(resumed.code).toBe(0);
  expect(resumed.said.find(({ type }) => type === "start")).toMatchObject({ step: 10 });
  expect((await loadCheckpoint(resumed.paths.last)).info).toMatchObject({ step: 30 });
});
