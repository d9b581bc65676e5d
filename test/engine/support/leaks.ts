import { describe, expect, it } from "vitest";
import type { Engine } from "../../../dist/engine/contract/engine.js";
import { testChunk } from "./images.js";
import { tinyModel } from "./models.js";
import { adam, evaluationSplit, samples, withSession } from "./sessions.js";

/** Tests engines that count their tensors: training must leave no tensor behind. */
export function leakSuite(engine: Engine): void {
  describe("tensors", () => {
    it.each(["dropout between convolutions", "residual, projected with stride 2"])(
      "are as many after an epoch as before: %s",
      async (name) => {
        await withSession(engine, { model: tinyModel(name), optimizer: adam }, async (session) => {
          const epoch = async () => {
            await session.train(testChunk({ batchSize: 12, steps: 3, samples, learningRate: 0.001, affine: true }));
            await session.train(testChunk({ batchSize: 4, steps: 1, samples, learningRate: 0.001 }));
            await session.evaluate(evaluationSplit);
            await session.predict(new Float32Array(784));
            session.write(session.read());
            return session.memory().tensors;
          };
          const before = await epoch();
          expect(before).toBeGreaterThan(0);
          expect(await epoch()).toBe(before);
        });
      },
    );

    it("are gone with their sessions", async () => {
      const count = () => withSession(engine, { model: tinyModel("batch norm") }, async (session) => session.memory().tensors);
      expect(await count()).toBe(await count());
    });
  });
}
