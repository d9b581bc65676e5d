import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ImageError } from "../../dist/picture/image-error.js";
import { readImage } from "../../dist/picture/read.js";
import { answerPicture } from "../../dist/predict/answer.js";
import { type Classifier, openClassifier } from "../../dist/predict/classifier.js";
import { sample } from "../picture/kinds.js";
import { type Digits, hasMnist, testDigits } from "../picture/pictures.js";
import { trainedModel } from "./trained.js";

/** Pictures of a kind, from seeds of their own: bench/pictures.mjs tries many more. */
const count = 8;
const firstSeed = 200_000;

let dir: string;
let digits: Digits;
let classifier: Classifier;
beforeAll(async () => {
  if (!hasMnist) return;
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-kinds-"));
  digits = await testDigits();
  classifier = await openClassifier(trainedModel(join(dir, "checkpoints")), { engine: "auto", threads: 1 });
});
afterAll(async () => {
  await classifier?.dispose();
  if (dir) await rm(dir, { recursive: true, force: true });
});

/** @returns the digits read, none where the picture is called blank */
async function read(bytes: Buffer): Promise<{ labels: number[]; label?: number; warnings: string[]; steps: string[] }> {
  try {
    const image = await readImage(bytes, classifier.style);
    const { answer, digits, warnings } = await answerPicture(image, async (images) => {
      const all = new Float32Array(784 * images.length);
      for (const [i, pixels] of images.entries()) all.set(pixels, 784 * i);
      return classifier.classify(all);
    });
    return { labels: digits.map(({ label }) => label), label: answer.label, warnings, steps: image.steps };
  } catch (error) {
    if (error instanceof ImageError && error.problem === "blank") return { labels: [], warnings: [], steps: [] };
    throw error;
  }
}

describe.skipIf(!hasMnist)("pictures as people take them (needs MNIST)", () => {
  it.each([
    ["sheet of 90 %", /sheet found/],
    ["sheet of 60 %", /sheet found/],
    ["sheet of 25 %", /sheet found/],
    ["sheet turned", /sheet found/],
    ["sheet cut by one edge", /sheet found/],
    ["sheet cut by two edges", /sheet found/],
    ["sheet cut by three edges", /sheet found/],
    ["frame at the edge", /sheet found|frame removed|ruled lines? removed/],
    ["frame inside", /sheet found|frame removed/],
    ["table cut out", /ruled lines? removed/],
    ["table whole", /frame removed/],
    ["plot", /sheet found|frame removed/],
    ["strong rules", /ruled lines? removed/],
    ["faint rules", undefined],
    ["strong squares", /ruled lines? removed/],
    ["faint squares", undefined],
    ["blank paper", undefined],
    ["blank ruled paper", undefined],
    ["blank squared paper", undefined],
    ["two digits", /2 digits found/],
    ["three to five digits", /\d digits found/],
    ["5 of two strokes", undefined],
    ["1 with a long upstroke", undefined],
  ])(`%s: at least ${count - 1} of ${count} are read as they should be, and the steps tell how`, async (kind, step) => {
    const wrong: string[] = [];
    let told = 0;
    for (let seed = firstSeed; seed < firstSeed + count; seed++) {
      const { bytes, labels } = await sample(kind, digits, seed);
      const found = await read(bytes);
      if (found.labels.join() !== labels.join()) wrong.push(`${seed}: ${found.labels} for ${labels}`);
      if (step && found.steps.some((text) => step.test(text))) told++;
      if (found.labels.length > 1) {
        expect(found.labels).toContain(found.label);
        expect(found.warnings).toHaveLength(1);
        expect(found.warnings[0]).toMatch(/^\d digits are on the picture: [\d ]+ from left to right; \d is the largest\.$/);
      }
    }
    expect(wrong.slice(1)).toEqual([]);
    if (step) expect(told).toBeGreaterThanOrEqual(count - 2);
  });
});
