import { describe, expect, it } from "vitest";
import type { Engine } from "../../../dist/engine/contract/engine.js";
import type { Device } from "../../../dist/engine/cuda/device.js";
import { type Driver, loadDriver } from "../../../dist/engine/cuda/driver.js";
import { encode, type KernelCall, kernelCall } from "../../../dist/engine/cuda/kernels.js";
import { bufferBytes, bufferLength, view } from "../../../dist/engine/cuda/memory.js";
import { readPtx } from "../../../dist/engine/cuda/ptx.js";
import { type TileName, tileNames, tiles } from "../../../dist/engine/cuda/tiles.js";
import { referenceEngine } from "../../../dist/engine/reference/engine.js";
import { initialTensors } from "../../../dist/model/initialize.js";
import type { Model } from "../../../dist/model/model.js";
import { expectClose, expectIdentical, expectTensorsClose } from "../support/compare.js";
import { testChunk } from "../support/images.js";
import { tinyModel } from "../support/models.js";
import { evaluationSplit, oneStepOf, samples, type TestSession, trainSplit, withSession } from "../support/sessions.js";

/**
 * Rounding to 10 bits of mantissa changes a factor by 2⁻¹¹ of itself at the most, so a product by 2⁻¹⁰: the error of a sum is at most that share of
 * the sum of its products' absolute values. Most of the products' errors cancel each other, and so do those of successive layers.
 */
const rounding = 2 ** -10;

/** Models with every kind of layer that multiplies, with strides and with borders. */
const kinked = [
  "dense, relu, dense of odd widths",
  "conv 3×3 valid, odd pools",
  "conv 3×3 same, stride 2, odd sizes",
  "conv 1×1, stride 1 and 2",
  "wide conv",
].map(tinyModel);
const smooth = tinyModel("smooth: batch norm and a residual without relu or maximum");

/**
 * Tests `--tf32` against float32 and against the reference engine. Registers tests, which are skipped where no GPU is new enough.
 * @param engine cuda's, or the stand-in for it where it cannot run: then its driver is not loaded
 */
export function tf32Suite(engine: Engine): void {
  const driver = engine.name === "cuda" ? loadDriver() : undefined;
  const gpus = driver && "devices" in driver ? driver.devices() : [];
  const gpu = gpus.find(({ computeCapability: [major] }) => major >= 8);

  describe.skipIf(engine.name === "cuda" && !gpu)("--tf32", () => {
    it.each(tileNames)("multiplies factors of few bits as float32 does, bit for bit: tiles of %s", async (tile) => {
      const device = (driver as Driver).open(gpu!.ordinal);
      try {
        const expected = await productsOf(device, "16x16", false);
        for (const { data } of expected.values()) expect(data.filter((value) => value !== 0).length).toBeGreaterThan(data.length / 2);
        expectIdentical(await productsOf(device, tile, false), expected);
        expectIdentical(await productsOf(device, tile, true), expected);
      } finally {
        device.dispose();
      }
    });

    it.each(kinked)("predicts as float32 does, bit for bit, where all factors have few bits: $preset", async (model) => {
      const images = Float32Array.from(binary(evaluationSplit).images, (value) => value / 255);
      const logits = (tf32: boolean) => withFewBits(engine, model, tf32, (session) => session.predict(images));
      expect(await logits(true)).toEqual(await logits(false));
    });

    const chunk = testChunk({ batchSize: 7, steps: 1, samples, learningRate: 0.05 });

    it.each(kinked)("has the reference's gradients up to rounding: $preset", async (model) => {
      const actual = await withFewBits(engine, model, true, (session) => oneStepOf(session, chunk));
      const expected = await withFewBits(referenceEngine, model, false, (session) => oneStepOf(session, chunk));
      expectClose([actual.loss], [expected.loss], rounding * expected.loss, "loss");
      expectTensorsClose(actual.gradients, expected.gradients, rounding);
    });

    it("has the reference's gradients up to rounding, through batch norm and a residual", async () => {
      const actual = await withSession(engine, { model: smooth, tf32: true }, (session) => oneStepOf(session, chunk));
      const expected = await withSession(referenceEngine, { model: smooth }, (session) => oneStepOf(session, chunk));
      expectClose([actual.loss], [expected.loss], rounding * expected.loss, "loss");
      expectTensorsClose(actual.statistics, expected.statistics, rounding);
      // Batch norm's gradients are small differences of large sums.
      expectTensorsClose(actual.gradients, expected.gradients, 4 * rounding);
    });

    it("is off by default", async () => {
      const gradients = async (tf32?: boolean) =>
        (await withSession(engine, { model: smooth, tf32 }, (session) => oneStepOf(session, chunk))).gradients;
      const [unasked, refused, asked] = [await gradients(), await gradients(false), await gradients(true)];
      expectIdentical(unasked, refused);
      expect(() => expectIdentical(asked, refused)).toThrow("first differing element");
    });
  });
}

/** Whole numbers from −3 to 3. */
function wholeNumbers(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((Math.imul(i + 1, 0x9e3779b1 + 2 * seed) >>> 16) % 7) - 3);
}

/**
 * The three products of one convolution, 3×3 with stride 2, in tiles of one size: several tiles in rows and columns, except for the largest size, the
 * last ones partly outside of the matrix; the depth in parts and not in whole steps.
 */
async function productsOf(device: Device, tile: TileName, tf32: boolean): Promise<Map<string, { data: Float32Array }>> {
  const [images, height, inputs, outputHeight, outputs] = [6, 9, 68, 5, 72];
  const [pixels, rows] = [images * outputHeight ** 2, 9 * inputs];
  const arena = (name: string, ...shape: number[]) => {
    const buffer = { name, type: "f32", shape, at: 0n } as const;
    return { ...buffer, at: device.allocate(bufferBytes(buffer)) };
  };
  const x = arena("x", images, height, height, inputs);
  const w = arena("w", rows + 4, outputs);
  const dy = arena("dy", pixels, outputs);
  for (const [i, buffer] of [x, w, dy].entries()) device.upload(buffer.at, wholeNumbers(bufferLength(buffer), i));
  const [forwardParts, weightParts] = [3, 2];
  const y = arena("y", forwardParts, pixels, outputs);
  const dx = arena("dx", images, height, height, inputs);
  const dw = arena("dw", weightParts, rows + 4, outputs);

  const g = {
    ...{ inputs, outputs, height, width: height, kernel: 3, stride: 2, padding: 1, outputHeight, outputWidth: outputHeight },
    ...{ partHeight: 5, partWidth: 5, inputQuads: inputs / 4, outputQuads: outputs / 4 },
  };
  const grid = (m: number, n: number, z: number) => [Math.ceil(m / tiles[tile].rows), Math.ceil(n / tiles[tile].columns), z];
  const launches: KernelCall[] = [
    kernelCall("y", `forward_${tile}`, grid(pixels, outputs, forwardParts), {
      ...{ x: view(x), w: view(w), y: view(y), g, pixels, length: 224, bias: false, isRelu: false },
    }),
    kernelCall("dx", `inputGradient_${tile}`, grid(pixels, inputs, 4), {
      ...{ dy: view(dy), w: view(w), dx: view(dx), mask: null, g, pixels, accumulate: false },
    }),
    kernelCall("dw", `weightGradient_${tile}`, grid(rows + 4, outputs, weightParts), {
      ...{ x: view(x), dy: view(dy), dw: view(dw), g, pixels, length: 96, bias: true },
    }),
  ];
  const module = device.load(readPtx(tf32));
  for (const launch of launches) device.launch(encode(launch, module));
  const results = new Map<string, { data: Float32Array }>();
  for (const buffer of [y, dx, dw]) {
    const data = new Float32Array(bufferLength(buffer));
    await device.download(data, buffer.at);
    results.set(buffer.name, { data });
  }
  return results;
}

const binary = ({ images, labels }: typeof trainSplit) => ({ images: images.map((value) => (value < 128 ? 0 : 255)), labels });

/**
 * Weights of ±1/8 and pixels of 0 and 1: forward, all factors have so few bits that sums are exact, and every relu and maximum decides as it does in
 * float32. One that decided otherwise would change a gradient by much more than rounding.
 */
function withFewBits<T>(engine: Engine, model: Model, tf32: boolean, body: (session: TestSession) => Promise<T>): Promise<T> {
  const tensors = new Map(
    [...initialTensors(model, 7)].map(([key, { shape, data }]) => [key, { shape, data: data.map((value) => Math.sign(value) / 8) }]),
  );
  return withSession(engine, { model, tf32, normalization: { mean: 0, std: 1 } }, (session) => {
    session.load(binary(trainSplit));
    session.write({ step: 0, tensors });
    return body(session);
  });
}
