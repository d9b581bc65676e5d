import { afterEach, describe, expect, it, vi } from "vitest";
import { cudaEngine } from "../../../dist/engine/cuda/engine.js";
import { buildModel } from "../../../dist/model/presets.js";
import { jsonLines, run, temporaryFolder, tiny } from "../../cli/program.js";
import { paritySuite } from "../parity.js";
import { expectIdentical } from "../support/compare.js";
import { testChunk, testSplit } from "../support/images.js";
import { tinyModel } from "../support/models.js";
import { evaluationSplit, samples, withSession } from "../support/sessions.js";
import { buildEmulator } from "./emulator/build.js";
import { tf32Suite } from "./tf32.js";

const emulator = buildEmulator();
// The emulator's settings hold for this file alone: vitest runs each file in its own process.
if ("library" in emulator) process.env.MNIST_TUI_LIBCUDA = emulator.library;
const title = "library" in emulator ? "engine cuda, emulated" : `engine cuda, emulated, which cannot run here: ${emulator.reason}`;

describe.skipIf("reason" in emulator)(title, () => {
  // Without the long runs, which would take minutes on the emulator: each preset is trained for one step.
  paritySuite(cudaEngine, "all", ["simple"]);

  tf32Suite(cudaEngine);

  /** Models that need kernels of every kind. */
  const models = [
    ...["residual, projected with stride 2", "dropout between convolutions", "batch norm behind relu and pool", "wide conv"].map(tinyModel),
    ...["simple", "residual"].map((preset) => buildModel(preset)),
  ].map((model) => ({ name: model.preset, model, tf32: false }));
  const onTensorCores = ["residual, projected with stride 2", "wide conv"].map((name) => ({
    ...{ name: `${name}, with --tf32`, model: tinyModel(name), tf32: true },
  }));

  it.each([...models, ...onTensorCores])("gives the same bits in every order of blocks and threads: $name", async ({ model, tf32 }) => {
    const results = () =>
      withSession(cudaEngine, { model, tf32 }, async (session) => {
        await session.train(testChunk({ batchSize: 5, steps: 2, samples, learningRate: 0.01, affine: true }));
        return { ...session.read(), ...(await session.evaluate(evaluationSplit)), norms: session.gradientNorms!() };
      });
    const forwards = await results();
    vi.stubEnv("CUDA_EMULATOR_BACKWARDS", "1");
    const backwards = await results();
    expectIdentical(backwards.tensors, forwards.tensors);
    expect(backwards.probabilities).toEqual(forwards.probabilities);
    expect(backwards.norms).toEqual(forwards.norms);
  });

  afterEach(() => vi.unstubAllEnvs());

  describe("the program", () => {
    const args = [...tiny, "--model", "compact", "--limit-train", "16", "--epochs", "1"];

    it("trains on the GPU with --engine auto", async () => {
      const { code, stdout, stderr } = await run(["train", ...args, "--json"], { cwd: temporaryFolder() });
      expect([code, stderr]).toEqual([0, ""]);
      const lines = jsonLines(stdout);
      const of = (type: string) => lines.filter((line) => line.type === type);
      expect(of("start")).toEqual([
        expect.objectContaining({ engine: "cuda", device: expect.stringMatching(/^CUDA emulator, driver 12\.4/) }),
      ]);
      expect(of("done")).toEqual([expect.objectContaining({ reason: "completed", step: 1 })]);
    });

    it("trains with --tf32 and says so", async () => {
      const { code, stdout, stderr } = await run(["train", ...args, "--engine", "cuda", "--tf32", "--json"], { cwd: temporaryFolder() });
      expect([code, stderr]).toEqual([0, ""]);
      const start = jsonLines(stdout).find(({ type }) => type === "start");
      expect(start).toMatchObject({ engine: "cuda", device: expect.stringMatching(/^CUDA emulator, .*, TF32$/) });
    });

    it("refuses --tf32 on a GPU that is too old for it", async () => {
      const env = { CUDA_EMULATOR_CAPABILITY: "7" };
      const { code, stderr } = await run(["train", ...args, "--engine", "cuda", "--tf32", "--plain"], { cwd: temporaryFolder(), env });
      const reason = "CUDA emulator has compute capability 7.0, and 8.0 or higher is needed for TensorFloat-32; leave --tf32 out.";
      expect([code, stderr]).toEqual([1, expect.stringContaining(reason)]);
    });
  });

  describe("a GPU without enough memory", () => {
    const said = /^Training at batch 100 wants \d+ MB on CUDA emulator, but \d+ MB are free; use --batch-size (\d+) or a smaller one\.$/;
    const train = (batchSize: number, samples: number) =>
      withSession(cudaEngine, { model: buildModel("simple"), batchSize }, async (session) => {
        session.load(testSplit(samples, 1));
        await session.train(testChunk({ batchSize: 1, steps: 1, samples, learningRate: 0.01 }));
      });

    it.each([
      ["for the model", 40, 2],
      ["for the training images behind it", 48, 20_000],
    ])("%s tells the batch that leaves enough", async (_, megabytes, samples) => {
      vi.stubEnv("CUDA_EMULATOR_BYTES", String(megabytes * 2 ** 20));
      const error = await train(100, samples).catch((error: Error) => error);
      const [, batch] = said.exec((error as Error).message)!;
      expect(Number(batch)).toBeGreaterThan(10);
      await train(Number(batch), samples);
    });
  });
});
