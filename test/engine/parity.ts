import { describe, expect, it } from "vitest";
import type { Engine } from "../../dist/engine/contract/engine.js";
import { referenceEngine } from "../../dist/engine/reference/engine.js";
import { initialTensors } from "../../dist/model/initialize.js";
import { type OptimizerSettings, optimizerNames, optimizers } from "../../dist/model/optimizers.js";
import { buildModel, presetNames } from "../../dist/model/presets.js";
import { contractSuite } from "./contract.js";
import { expectClose, expectSameMovement, expectTensorsClose } from "./support/compare.js";
import { testChunk, testSplit } from "./support/images.js";
import { clearSeed } from "./support/kinks.js";
import { tinyModel, tinyModels } from "./support/models.js";
import { once } from "./support/once.js";
import { adam, evaluationSplit, oneStepOf, parametersOf, samples, sgdMomentum, type TestSession, withSession } from "./support/sessions.js";

/**
 * The tolerance for one step. Float32 sums of a few thousand products have errors of about 1e-6 of their size, those of fast convolution
 * algorithms (Winograd) of ten times that; a missing tap, a wrong border or a wrong factor makes an error of 1e-2 and more.
 */
const oneStep = 1e-4;

/**
 * The tolerance for several steps, as a share of the distance that the parameters moved: relative to a weight of 1 that moved by 0.001, a wrong step
 * would not show. Every step after the first starts from weights that already differ by rounding. In models without kinks (of relu and maximum), the
 * results of the reference engine in float32 and in float64 are within 2e-4.
 */
const smoothSteps = { whole: 1e-3, each: 2e-3 };

/**
 * The tolerance for models with kinks. A relu here and there gets 1e-8 in one engine and −1e-8 in the other, and ten steps of a preset compute some
 * ten million relus: in measurements, a single one moved a tensor by 3e-2 of its distance in batches of six, and all tensors together by 9e-4. The
 * tests before find a fault in a single step; a fault in the values that a step passes to the next one shows in every tensor. With some seeds, Adam
 * magnifies the difference that a kink has made: of `compact`'s seeds 7 to 10, direct convolution ends 1.6e-2 away with 9, Winograd's algorithm 1.6e-2
 * with 9 and 4.5e-3 with 7, and both end below 4e-4 with 8 and 10.
 */
const kinkedSteps = { whole: 1e-2, each: 1e-1 };

type Step = Awaited<ReturnType<typeof oneStepOf>>;

const smooth = "smooth: batch norm and a residual without relu or maximum";

/** Batch sizes in inverse proportion to the cost of a step in the reference engine. */
const knownBatches: Record<string, number> = { simple: 32, compact: 20, residual: 6, pyramid: 5, deep: 3, vgg: 3 };
const presetBatches = presetNames.map((preset): [string, number] => [preset, knownBatches[preset] ?? 4]);

/** The number of questions to the reference engine so far, by test. */
const asked = new Map<string, number>();

/** @returns a name for the running test's next question to the reference engine, the same in every engine's suite */
function nextQuestion(): string {
  const name = expect.getState().currentTestName!.replace(/^.*? > /, "");
  const count = asked.get(name) ?? 0;
  asked.set(name, count + 1);
  return `parity > ${name} > ${count}`;
}

/**
 * Tests all that an engine must do, against the reference engine. Registers tests; the engine must be available.
 * @param models small: without the presets, for an engine that computes a few images a second
 * @param longRuns presets that are trained for ten steps
 */
export function paritySuite(engine: Engine, models: "all" | "small" = "all", longRuns: readonly string[] = presetNames): void {
  contractSuite(engine, models);
  const whole = models === "all";

  /** Runs `body` on both engines. @returns both results, the reference engine's second */
  async function both<T>(options: Parameters<typeof withSession>[1], body: (session: TestSession) => Promise<T>): Promise<[T, T]> {
    return [await withSession(engine, options, body), await once(nextQuestion(), () => withSession(referenceEngine, options, body))];
  }

  /** @param times factor of the tolerance, for deeper models, which add up more rounding */
  function expectSameStep(actual: Step, expected: Step, times = 1): void {
    expectClose([actual.loss], [expected.loss], oneStep * expected.loss, "loss");
    expect(actual.correct).toBe(expected.correct);
    expectTensorsClose(actual.gradients, expected.gradients, times * oneStep);
    expectTensorsClose(actual.statistics, expected.statistics, times * oneStep);
  }

  describe("one step of every kind of layer", () => {
    it.each(tinyModels)("has the reference's loss and gradients: $preset", async (model) => {
      const chunk = testChunk({ batchSize: 7, steps: 1, samples, learningRate: 0.05 });
      const [actual, expected] = await both({ model, seed: await clearSeed(model, chunk) }, (session) => oneStepOf(session, chunk));
      expectSameStep(actual, expected);
    });

    it.each(whole ? presetNames : [])("has the reference's loss and gradients with the preset %s", async (preset) => {
      const model = buildModel(preset);
      const chunk = testChunk({ batchSize: 3, steps: 1, samples, learningRate: 0.05 });
      const [actual, expected] = await both({ model, seed: await clearSeed(model, chunk) }, (session) => oneStepOf(session, chunk));
      expectSameStep(actual, expected);
    });

    it("sends a pool's gradient to the first of equal maxima, behind a relu or not", async () => {
      const chunk = testChunk({ batchSize: 7, steps: 1, samples, learningRate: 0.05 });
      for (const name of ["conv 3×3 same, pool", "conv without bias or relu", "conv 3×3 valid, odd pools"]) {
        const model = tinyModel(name);
        // The convolutions' outputs are 0.5 everywhere, or 0 where they have no bias.
        const tensors = new Map(initialTensors(model, 7));
        for (const [key, { shape, data }] of tensors) {
          if (key.startsWith("conv")) tensors.set(key, { shape, data: data.map(() => (key.endsWith("bias") ? 0.5 : 0)) });
        }
        const [actual, expected] = await both({ model }, async (session) => {
          session.write({ step: 0, tensors });
          return oneStepOf(session, chunk);
        });
        expectSameStep(actual, expected);
      }
    });

    it.each(tinyModels)("is followed by the reference's evaluation: $preset", async (model) => {
      const chunk = testChunk({ batchSize: 12, steps: 1, samples, learningRate: 0.02 });
      const images = Float32Array.from(evaluationSplit.images, (value) => value / 255);
      const [actual, expected] = await both({ model, seed: await clearSeed(model, chunk) }, async (session) => {
        await session.train(chunk);
        return { ...(await session.evaluate(evaluationSplit)), logits: await session.predict(images) };
      });
      const scale = Math.max(...expected.logits.map(Math.abs));
      expectClose(actual.logits, expected.logits, 3 * oneStep * scale, "logits");
      expectClose(actual.probabilities, expected.probabilities, 3 * oneStep * scale, "probabilities");
      expectClose([actual.loss], [expected.loss], 3 * oneStep * scale, "loss");
      expect([...actual.predictions]).toEqual([...expected.predictions]);
    });
  });

  describe("batches", () => {
    const sizes: [number, string][] = (whole ? [1, 2, 3, 5, 8, 13, 16, 31, 64, 100] : [1, 5, 16]).map((n) => [n, smooth]);
    const kinked: [number, string][] = [1, 2, 9, 24].map((n) => [n, "conv 3×3 same, pool"]);
    it.each([...sizes, ...kinked])("of %i samples train as in the reference, in sessions made for 100: %s", async (batchSize, name) => {
      const model = tinyModel(name);
      const chunk = testChunk({ batchSize, steps: 1, samples, learningRate: 0.05 });
      const [actual, expected] = await both({ model, batchSize: 100, seed: await clearSeed(model, chunk) }, (session) =>
        oneStepOf(session, chunk),
      );
      expectSameStep(actual, expected, 3);
    });

    it.each([1, 11, 12, 13, 50])("of %i samples are evaluated as in the reference, in sessions made for 12", async (n) => {
      const split = testSplit(n, 3);
      const [actual, expected] = await both({ model: tinyModel("conv 3×3 same, pool") }, (session) => session.evaluate(split));
      expectClose([actual.loss], [expected.loss], oneStep * expected.loss, "loss");
      expectClose(actual.probabilities, expected.probabilities, oneStep, "probabilities");
      expect([...actual.predictions]).toEqual([...expected.predictions]);
    });
  });

  describe("augmentation", () => {
    it("moves images as the reference does", async () => {
      const chunk = testChunk({ batchSize: 12, steps: 1, samples, learningRate: 0.05, affine: true });
      const [actual, expected] = await both({ model: tinyModel("dense alone") }, (session) => oneStepOf(session, chunk));
      expectSameStep(actual, expected);
    });

    it("gives zeros outside of the image, also for a whole image that is moved outside", async () => {
      const chunk = testChunk({ batchSize: 4, steps: 1, samples, learningRate: 0.05 });
      chunk.affine = Float32Array.from([
        ...[1, 0, 27.5, 0, 1, 0],
        ...[1, 0, -27.5, 0, 1, -0.5],
        ...[1, 0, 1e6, 0, 1, -1e6],
        ...[1e-3, 0, -0.99, 0, 30, 13.5],
      ]);
      const [actual, expected] = await both({ model: tinyModel("dense alone") }, (session) => oneStepOf(session, chunk));
      expectSameStep(actual, expected);
    });

    it("trains convolutions over several steps as in the reference", async () => {
      const chunk = testChunk({ batchSize: 10, steps: 3, samples, learningRate: 0.05, affine: true });
      const [actual, expected] = await both({ model: tinyModel(smooth) }, async (session) => {
        const { loss } = await session.train(chunk);
        return { loss, tensors: parametersOf(session.read()) };
      });
      expectClose(actual.loss, expected.loss, oneStep * 2.3, "loss");
      expectTensorsClose(actual.tensors, expected.tensors, oneStep);
    });
  });

  describe("optimizers, five steps with changing learning rates", () => {
    const settings = optimizerNames.flatMap((type): OptimizerSettings[] => {
      const momentum = (value: number) => (optimizers[type].takesMomentum ? value : 0);
      return [
        { type, momentum: 0, weightDecay: 0 },
        ...(optimizers[type].takesMomentum ? [{ type, momentum: 0.9, weightDecay: 0 }] : []),
        { type, momentum: momentum(0.5), weightDecay: 0.1 },
      ];
    });
    it.each(settings)("move the weights as the reference does: $type, momentum $momentum, weight decay $weightDecay", async (optimizer) => {
      const chunk = testChunk({ batchSize: 12, steps: 5, samples, learningRate: 0 });
      chunk.learningRates.set([0.001, 0.004, 0.002, 0, 0.003]);
      const [actual, expected] = await both({ model: tinyModel(smooth), optimizer }, async (session) => {
        const start = session.read();
        await session.train(chunk);
        return { start, end: session.read() };
      });
      expect(actual.end.step).toBe(5);
      expect([...actual.end.tensors.keys()].sort()).toEqual([...expected.end.tensors.keys()].sort());
      // The state at the start has the slots, too, all zeros.
      expectSameMovement(actual.end.tensors, expected.end.tensors, expected.start.tensors, smoothSteps);
    });
  });

  describe.runIf(whole)("ten steps, the last with a smaller batch, end where the reference's do", () => {
    const images = Float32Array.from(evaluationSplit.images.subarray(0, 3 * 784), (value) => value / 255);
    it.each(presetBatches.filter(([preset]) => longRuns.includes(preset)))("%s", async (preset, batchSize) => {
      // Adam where larger batches are cheap, SGD in small batches: there Adam would divide by little more than noise.
      const optimizer = batchSize > 10 ? adam : sgdMomentum;
      const learningRate = batchSize > 10 || preset === "deep" ? 0.001 : 0.01;
      const chunks = [
        testChunk({ batchSize, steps: 4, samples, learningRate, seed: 1 }),
        testChunk({ batchSize, steps: 5, samples, learningRate, seed: 2, affine: true }),
        testChunk({ batchSize: batchSize - 1, steps: 1, samples, learningRate, seed: 3 }),
      ];
      // With these seeds, no sum before a relu comes so near to 0 that engines disagree about its sign.
      const seed = { compact: 8, residual: 1 }[preset] ?? 7;
      const [actual, expected] = await both({ model: buildModel(preset), optimizer, batchSize, seed }, async (session) => {
        const start = parametersOf(session.read());
        const losses: number[] = [];
        for (const chunk of chunks) losses.push(...(await session.train(chunk)).loss);
        return { start, losses, end: parametersOf(session.read()), logits: await session.predict(images) };
      });
      expectTensorsClose(actual.start, expected.start, 0);
      expectClose(actual.losses, expected.losses, 10 * oneStep * expected.losses[0], "loss");
      expectSameMovement(actual.end, expected.end, expected.start, kinkedSteps);
      expectClose(actual.logits, expected.logits, kinkedSteps.whole * Math.max(...expected.logits.map(Math.abs)), "logits");
    });
  });
}
