import { describe, expect, it } from "vitest";
import type { Split } from "../../dist/data/split.js";
import type { Engine } from "../../dist/engine/contract/engine.js";
import type { Chunk } from "../../dist/engine/contract/session.js";
import type { State } from "../../dist/engine/contract/state.js";
import { initialTensors } from "../../dist/model/initialize.js";
import { optimizerNames, slotNames } from "../../dist/model/optimizers.js";
import { buildModel } from "../../dist/model/presets.js";
import { expectIdentical } from "./support/compare.js";
import { testChunk } from "./support/images.js";
import { tinyModel } from "./support/models.js";
import { adam, evaluationSplit, parametersOf, samples, type TestSession, withSession } from "./support/sessions.js";

/** The part of the contract that needs no second engine: state, resuming, reproducibility. All comparisons are bit for bit. */
export function contractSuite(engine: Engine, models: "all" | "small" = "all"): void {
  /** Models with everything that has a state or a random number: batch norm, dropout, residuals; and with odd widths. */
  const residual = tinyModel("residual, projected with stride 2");
  const stateful = [tinyModel("dropout between convolutions"), ...(models === "all" ? [residual] : [])];
  const rmsprop = { type: "rmsprop", momentum: 0.9, weightDecay: 0.01 } as const;
  const chunk = (steps: number, seed = 1) => testChunk({ batchSize: 11, steps, samples, learningRate: 0.003, seed, affine: true });

  async function results(session: TestSession, ...chunks: ReturnType<typeof chunk>[]) {
    const losses: number[] = [];
    const correct: number[] = [];
    for (const each of chunks) {
      const result = await session.train(each);
      losses.push(...result.loss);
      correct.push(...result.correct);
    }
    const evaluation = await session.evaluate(evaluationSplit);
    return { losses, correct, state: session.read(), evaluation };
  }

  function expectSame(actual: Awaited<ReturnType<typeof results>>, expected: Awaited<ReturnType<typeof results>>) {
    expect(actual.losses).toEqual(expected.losses);
    expect(actual.correct).toEqual(expected.correct);
    expect(actual.state.step).toBe(expected.state.step);
    expectIdentical(actual.state.tensors, expected.state.tensors);
    expect(actual.evaluation.loss).toBe(expected.evaluation.loss);
    expect(actual.evaluation.probabilities).toEqual(expected.evaluation.probabilities);
  }

  describe("session", () => {
    it("names the device that does the arithmetic and the memory that it takes", async () => {
      await withSession(engine, { model: stateful[0] }, async (session) => {
        expect(session.info.name).toBe(engine.name);
        expect(session.info.device).not.toBe("");
        expect(session.memory().hostBytes).toBeGreaterThan(0);
      });
    });

    it("starts from the initial weights of its seed", async () => {
      const model = buildModel("residual");
      const state = await withSession(engine, { model, seed: 3_000_000_000 }, async (session) => session.read());
      expect(state.step).toBe(0);
      expectIdentical(parametersOf(state), initialTensors(model, 3_000_000_000));
      expect([...parametersOf(state)].map(([name, { shape }]) => [name, [...shape]])).toEqual(
        model.parameters.map(({ name, shape }) => [name, [...shape]]),
      );
    });

    it.each(optimizerNames.flatMap((type) => [0, 0.9].map((momentum) => ({ type, momentum, weightDecay: 0 }))))(
      "names its optimizer's slots as PyTorch does: $type, momentum $momentum",
      async (optimizer) => {
        const { tensors } = await withSession(engine, { model: tinyModel("dense alone"), optimizer }, async (session) => session.read());
        const expected = slotNames(optimizer).flatMap((slot) => [`${slot}/fc1.bias`, `${slot}/fc1.weight`]);
        expect([...tensors.keys()].filter((key) => key.includes("/")).sort()).toEqual(expected.sort());
      },
    );

    it("gives the norm of every gradient: with plain SGD at rate 1, the distance that the parameter moved", async () => {
      const optimizer = { type: "sgd", momentum: 0, weightDecay: 0 } as const;
      await withSession(engine, { model: residual, optimizer }, async (session) => {
        const before = parametersOf(session.read());
        await session.train(testChunk({ batchSize: 11, steps: 1, samples, learningRate: 1 }));
        const after = parametersOf(session.read());
        const norms = session.gradientNorms!();
        for (const { name } of residual.parameters.filter(({ trainable }) => trainable)) {
          const way = Math.hypot(...after.get(name)!.data.map((value, i) => value - before.get(name)!.data[i]));
          expect(Math.abs(norms.get(name)! - way), name).toBeLessThanOrEqual(1e-4 * way + 1e-6);
        }
      });
    });

    it("learns: the loss falls over twelve steps of the same batch", async () => {
      const model = tinyModel("conv 3×3 same, pool");
      const once = testChunk({ batchSize: 11, steps: 1, samples, learningRate: 0.01 });
      const losses = await withSession(engine, { model, optimizer: adam }, async (session) => {
        const seen: number[] = [];
        for (let i = 0; i < 12; i++) seen.push((await session.train(once)).loss[0]);
        return seen;
      });
      expect(losses.at(-1)).toBeLessThan(losses[0] / 2);
    });
  });

  describe("refuses, before it computes anything,", () => {
    const model = tinyModel("dense alone");
    const good = chunk(2);
    /** The chunk's indices, one of them replaced. */
    const withIndex = (index: number) => Uint32Array.from(good.indices, (old, i) => (i === good.indices.length - 1 ? index : old));

    it.each<[string, Partial<Chunk>, string]>([
      ["of no samples", { batchSize: 0, indices: new Uint32Array(0), affine: undefined }, "Expected a batch of 1 to 12 samples, got 0."],
      ["of a part of a sample", { batchSize: 5.5 }, "Expected a batch of 1 to 12 samples, got 5.5."],
      ["larger than the session's", { batchSize: 13 }, "Expected a batch of 1 to 12 samples, got 13."],
      ["of no steps", { learningRates: new Float32Array(0) }, "Expected a learning rate for each step and at least one step, got none."],
      ["with an index too few", { indices: good.indices.subarray(1) }, "Expected 2 × 11 indices, got 21."],
      ["with an index too many", { indices: new Uint32Array(23) }, "Expected 2 × 11 indices, got 23."],
      ["with half a matrix too few", { affine: good.affine!.subarray(3) }, "Expected 2 × 11 × 6 matrix entries, got 129."],
      [
        "with an index behind the last sample",
        { indices: withIndex(samples) },
        "Expected indices below the training split's 40 samples, got 40.",
      ],
      [
        "with the highest index",
        { indices: withIndex(2 ** 32 - 1) },
        "Expected indices below the training split's 40 samples, got 4294967295.",
      ],
    ])("a chunk %s", async (_, part, message) => {
      await withSession(engine, { model }, async (session) => {
        const before = session.read();
        await expect(session.train({ ...good, ...part })).rejects.toThrow(message);
        expectIdentical(session.read().tensors, before.tensors);
        expect(session.read().step).toBe(0);
        await session.train(good);
        expect(session.read().step).toBe(2);
      });
    });

    it("a chunk before a training split is loaded", async () => {
      const options = { model, optimizer: adam, seed: 0, batchSize: 11, threads: 1, normalization: { mean: 0, std: 1 } };
      const session = await engine.create(options);
      await expect(session.train(good)).rejects.toThrow("Expected a training split before train(), got none: call load() first.");
      await session.dispose();
    });

    it("a split whose sizes differ, whose labels are no classes, or that is empty", async () => {
      const { images, labels } = evaluationSplit;
      const wrong: [Split, string][] = [
        [{ images: images.subarray(1), labels }, "Expected 23 × 784 pixels for 23 labels, got 18031."],
        [{ images, labels: labels.map((label, i) => (i === 7 ? 10 : label)) }, "Expected labels from 0 to 9, got 10 as that of sample 7."],
        [{ images: images.subarray(0, 0), labels: labels.subarray(0, 0) }, "Expected at least one sample, got none."],
      ];
      await withSession(engine, { model }, async (session) => {
        for (const [split, message] of wrong) {
          expect(() => session.load(split)).toThrow(message);
          await expect(session.evaluate(split)).rejects.toThrow(message);
        }
        // The split that was loaded before is still in use.
        await session.train(good);
      });
    });

    it("a chunk with a sample whose label is no class, in a split that was filled in the session's own memory", async () => {
      await withSession(engine, { model }, async (session) => {
        const { labels } = session.reserve(samples);
        labels[good.indices[3]] = 200;
        await expect(session.train(good)).rejects.toThrow(`Expected labels from 0 to 9, got 200 as that of sample ${good.indices[3]}.`);
      });
    });

    it("images that have not 784 pixels", async () => {
      await withSession(engine, { model }, async (session) => {
        await expect(session.predict(new Float32Array(785))).rejects.toThrow("Expected images of 784 pixels each, got 785 values.");
      });
    });
  });

  describe("state", () => {
    it.each(stateful)("is the same when it is read, written into another session and read from there: $preset", async (model) => {
      const state = await withSession(engine, { model, optimizer: rmsprop }, async (session) => {
        await session.train(chunk(2));
        return session.read();
      });
      const again = await withSession(engine, { model, optimizer: rmsprop, seed: 99 }, async (session) => {
        session.write(state);
        return session.read();
      });
      expect(again.step).toBe(2);
      expectIdentical(again.tensors, state.tensors);
    });

    it("is a copy: further training does not change it", async () => {
      await withSession(engine, { model: stateful[0], optimizer: adam }, async (session) => {
        const state = session.read();
        const before = new Map([...state.tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
        await session.train(chunk(1));
        expectIdentical(state.tensors, before);
        expect(state.step).toBe(0);
      });
    });

    it("without optimizer slots starts them at zero", async () => {
      const model = tinyModel("batch norm");
      const fresh = await withSession(engine, { model, optimizer: adam }, async (session) => results(session, chunk(2)));
      const written = await withSession(engine, { model, optimizer: adam }, async (session) => {
        const start = session.read();
        await session.train(chunk(3, 5));
        session.write({ step: 0, tensors: parametersOf(start) });
        return results(session, chunk(2));
      });
      expectSame(written, fresh);
    });

    it("is refused as a whole where a parameter is missing or misshapen, or a slot is misshapen", async () => {
      await withSession(engine, { model: tinyModel("batch norm"), optimizer: adam }, async (session) => {
        const before = session.read();
        const changed = (change: (tensors: State["tensors"]) => void): State => {
          const tensors = new Map([...before.tensors].map(([name, { shape, data }]) => [name, { shape, data: data.map((v) => v + 1) }]));
          change(tensors);
          return { step: 5, tensors };
        };
        const missing = changed((tensors) => tensors.delete("bn2.running_var"));
        const misshapen = changed((tensors) => tensors.set("fc1.weight", { shape: [10, 3], data: new Float32Array(30) }));
        const slot = changed((tensors) => tensors.set("exp_avg/fc1.bias", { shape: [9], data: new Float32Array(9) }));
        expect(() => session.write(missing)).toThrow("Expected a state with the parameter bn2.running_var, got one without it.");
        expect(() => session.write(misshapen)).toThrow(/^Expected fc1\.weight in the shape \[10,\d+\], got \[10,3\]\.$/);
        expect(() => session.write(slot)).toThrow("Expected exp_avg/fc1.bias in the shape [10], got [9].");
        expectIdentical(session.read().tensors, before.tensors);
        expect(session.read().step).toBe(0);
      });
    });
  });

  describe("the same run, bit for bit", () => {
    for (const optimizer of [adam, rmsprop]) {
      it.each(optimizer === adam ? [stateful[0], residual] : stateful)(
        `resumed half-way as without a break, ${optimizer.type}: $preset`,
        async (model) => {
          const straight = await withSession(engine, { model, optimizer }, (session) => results(session, chunk(3, 1), chunk(3, 2)));
          const half = await withSession(engine, { model, optimizer }, (session) => results(session, chunk(3, 1)));
          const resumed = await withSession(engine, { model, optimizer }, (session) => {
            session.write(half.state);
            return results(session, chunk(3, 2));
          });
          expectSame(resumed, { ...straight, losses: straight.losses.slice(3), correct: straight.correct.slice(3) });
        },
      );
    }

    it.each(stateful)("in one chunk as in many: $preset", async (model) => {
      const whole = chunk(4);
      const parts = [0, 1, 2, 3].map((s) => ({
        batchSize: whole.batchSize,
        indices: whole.indices.slice(s * 11, (s + 1) * 11),
        affine: whole.affine?.slice(s * 66, (s + 1) * 66),
        learningRates: whole.learningRates.slice(s, s + 1),
      }));
      const atOnce = await withSession(engine, { model }, (session) => results(session, whole));
      const inParts = await withSession(engine, { model }, (session) => results(session, ...parts));
      expectSame(inParts, atOnce);
    });

    it.each([...stateful, ...(models === "all" ? [buildModel("simple"), buildModel("compact", { dropout: 0.4 })] : [])])(
      "with 1, 2 and 3 threads: $preset",
      async (model) => {
        const run = (threads: number) => withSession(engine, { model, optimizer: adam, threads }, (session) => results(session, chunk(2)));
        const expected = await run(1);
        expectSame(await run(2), expected);
        expectSame(await run(3), expected);
      },
    );

    it("alone as beside other sessions", async () => {
      const [model, other] = [stateful[0], residual];
      const alone = await withSession(engine, { model }, (session) => results(session, chunk(3)));
      const together = await Promise.all([
        withSession(engine, { model }, (session) => results(session, chunk(3))),
        withSession(engine, { model: other, seed: 8 }, (session) => results(session, chunk(3, 4))),
      ]);
      expectSame(together[0], alone);
    });

    it("with evaluations and predictions in between as without", async () => {
      const [model] = stateful;
      const plain = await withSession(engine, { model }, (session) => results(session, chunk(2, 1), chunk(2, 2)));
      const asked = await withSession(engine, { model }, async (session) => {
        const first = await results(session, chunk(2, 1));
        await session.predict(new Float32Array(784).fill(0.5));
        const second = await results(session, chunk(2, 2));
        return { ...second, losses: [...first.losses, ...second.losses], correct: [...first.correct, ...second.correct] };
      });
      expectSame(asked, plain);
    });

    it("only with the same seed", async () => {
      const losses = async (seed: number) =>
        withSession(engine, { model: stateful[0], seed }, async (session) => [...(await session.train(chunk(2))).loss]);
      expect(await losses(1)).not.toEqual(await losses(2));
      expect(await losses(1)).toEqual(await losses(1));
    });
  });
}
