import { describe, expect, it } from "vitest";
import type { Engine } from "../../dist/engine/contract/engine.js";
import { referenceEngine } from "../../dist/engine/reference/engine.js";
import { initialTensors } from "../../dist/model/initialize.js";
import { paritySuite } from "./parity.js";
import { describeEngine } from "./support/available.js";
import { expectClose, expectIdentical, expectTensorsClose } from "./support/compare.js";
import { testChunk } from "./support/images.js";
import { clearSeed } from "./support/kinks.js";
import { tinyModel } from "./support/models.js";
import { adam, evaluationSplit, oneStepOf, parametersOf, samples, type TestSession, withSession } from "./support/sessions.js";

/**
 * Runs where the engine's packages are installed and Dawn finds an adapter. SwiftShader is one, in software: Debian's chromium brings it,
 * and VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json with libvulkan1 installed shows it to Dawn. It compiles every shader for every
 * shape, which makes the whole suite a matter of minutes; MNIST_TUI_WHOLE_PARITY=1 asks for it.
 */
await describeEngine("webgpu", process.env.MNIST_TUI_WHOLE_PARITY ? (engine) => paritySuite(engine, "small") : briefSuite);

function briefSuite(engine: Engine): void {
  const tolerance = 1e-4;

  async function both<T>(options: Parameters<typeof withSession>[1], body: (session: TestSession) => Promise<T>): Promise<[T, T]> {
    return [await withSession(engine, options, body), await withSession(referenceEngine, options, body)];
  }

  describe("agrees with the reference engine", () => {
    it.each(["conv 3×3 same, pool", "dropout between convolutions", "residual, projected with stride 2"])(
      "in a step of: %s",
      async (name) => {
        const model = tinyModel(name);
        const chunk = testChunk({ batchSize: 3, steps: 1, samples, learningRate: 0.05, affine: true });
        const [actual, expected] = await both({ model, seed: await clearSeed(model, chunk) }, (session) => oneStepOf(session, chunk));
        expectClose([actual.loss], [expected.loss], tolerance * expected.loss, "loss");
        expect(actual.correct).toBe(expected.correct);
        expectTensorsClose(actual.gradients, expected.gradients, tolerance);
        expectTensorsClose(actual.statistics, expected.statistics, tolerance);
      },
    );

    it("in the choice among equal maxima for a pool's gradient", async () => {
      const model = tinyModel("conv 3×3 valid, odd pools");
      const tensors = new Map(initialTensors(model, 7));
      for (const [key, { shape, data }] of tensors) {
        if (key.startsWith("conv")) tensors.set(key, { shape, data: data.map(() => (key.endsWith("bias") ? 0.5 : 0)) });
      }
      const [actual, expected] = await both({ model }, async (session) => {
        session.write({ step: 0, tensors });
        return oneStepOf(session, testChunk({ batchSize: 3, steps: 1, samples, learningRate: 0.05 }));
      });
      expectTensorsClose(actual.gradients, expected.gradients, tolerance);
    });

    it("in steps of Adam with weight decay, and in the predictions after them", async () => {
      const optimizer = { ...adam, weightDecay: 0.1 };
      const chunk = testChunk({ batchSize: 12, steps: 3, samples, learningRate: 0.001 });
      const [actual, expected] = await both({ model: tinyModel("dense alone"), optimizer }, async (session) => {
        await session.train(chunk);
        return { tensors: session.read().tensors, ...(await session.evaluate(evaluationSplit)) };
      });
      expectTensorsClose(actual.tensors, expected.tensors, 1e-3);
      expectClose(actual.probabilities, expected.probabilities, tolerance, "probabilities");
    });
  });

  it("goes on from a state as if there had been no interruption, and leaves no tensors behind", async () => {
    const model = tinyModel("dense alone");
    const chunk = testChunk({ batchSize: 12, steps: 2, samples, learningRate: 0.01 });
    const { half, end } = await withSession(engine, { model, optimizer: adam }, async (session) => {
      await session.train(chunk);
      const half = session.read();
      const { tensors } = session.memory();
      await session.train(chunk);
      await session.evaluate(evaluationSplit);
      expect(session.memory().tensors).toBe(tensors);
      return { half, end: session.read() };
    });
    const resumed = await withSession(engine, { model, optimizer: adam, seed: 99 }, async (session) => {
      session.write(half);
      await session.train(chunk);
      return session.read();
    });
    expectIdentical(parametersOf(resumed), parametersOf(end));
    expectIdentical(resumed.tensors, end.tensors);
  });
}
