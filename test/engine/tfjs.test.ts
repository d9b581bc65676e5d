import { describe, it } from "vitest";
import { referenceEngine } from "../../dist/engine/reference/engine.js";
import { initialTensors } from "../../dist/model/initialize.js";
import { buildModel, presetNames } from "../../dist/model/presets.js";
import { expectClose, expectSameMovement } from "./support/compare.js";
import { parametersOf, trainSplit, withSession } from "./support/sessions.js";
import { TfjsOracle } from "./support/tfjs-oracle.js";

/**
 * Compares steps of SGD with momentum from the same initial weights with those of an implementation that shares no code with this project. The
 * optimizer is SGD because TF.js has Adam's ε at another place. Both compute in float32 and sum in different orders; the distances that the weights
 * move agree to a few 1e-5.
 */
const learningRate = 0.02;
const batchSize = 2;
const tolerance = { whole: 1e-3, each: 1e-3 };
/** Milliseconds. The largest preset takes ten seconds per step on an idle machine; the test asserts no duration. */
const timeout = 600_000;
/** One step tests every layer; the state of the optimizer and of batch norm takes two or three. */
const steps: Record<string, number> = { simple: 3, compact: 3, deep: 1, vgg: 1 };

describe("the reference engine agrees with TF.js's JavaScript backend", () => {
  it.each(presetNames)("over the first steps of %s", { timeout }, async (preset) => {
    const model = buildModel(preset, { dropout: 0 });
    const batches = Array.from({ length: steps[preset] ?? 2 }, (_, step) => Uint32Array.from([2 * step, 2 * step + 1]));
    const initial = initialTensors(model, 7);
    const oracle = await TfjsOracle.create(model, initial, learningRate, 0.9);
    try {
      await withSession(referenceEngine, { model, batchSize }, async (session) => {
        for (const indices of batches) {
          const { loss } = await session.train({ batchSize, indices, learningRates: Float32Array.from([learningRate]) });
          const expected = oracle.step(trainSplit, indices);
          expectClose(loss, [expected], 1e-5 * (1 + expected), "loss");
        }
        expectSameMovement(parametersOf(session.read()), oracle.read(), initial, tolerance);
        const images = Float32Array.from(trainSplit.images.subarray(0, 2 * 784), (value) => value / 255);
        const logits = oracle.predict(trainSplit, Uint32Array.from([0, 1]));
        expectClose(await session.predict(images), logits, 1e-4 * Math.max(...logits.map(Math.abs)), "logits");
      });
    } finally {
      oracle.dispose();
    }
  });
});
