import { expect, test } from "vitest";
import { shippedPresets } from "../../dist/config/files.js";
import { flagSource, resolveOptions } from "../../dist/config/resolve.js";
import { resumeConfig } from "../../dist/config/resume.js";
import type { Settings } from "../../dist/config/settings.js";
import { parseRunConfig } from "../../dist/config/stored.js";

const presets = shippedPresets();
const original: Settings = {
  compare: "simple,pyramid:optimizer=sgd",
  epochs: 3,
  seed: 7,
  limitTrain: 1000,
  augment: { rotate: 5, shift: 0, scale: 0 },
};
const { config: stored } = resolveOptions({ flags: flagSource({ ...original, run: "mine" }) }, presets, new Date());

const resume = (settings: Settings) => resumeConfig(stored, [flagSource({ resume: true, ...settings })], presets);

test("a run that is resumed without options keeps its configuration", () => {
  expect(resume({})).toEqual(stored);
});

test("options that repeat the run's own are no contradiction", () => {
  expect(resume(original)).toEqual(stored);
});

test("epochs, threads, engine and its precision may change", () => {
  const config = resume({ epochs: 9, threads: 1, engine: "cuda", tf32: true });
  expect(config).toMatchObject({ threads: 1, engine: "cuda", tf32: true, seed: 7 });
  expect(config.models.map(({ epochs }) => epochs)).toEqual([9, 9]);
});

test.each<[Settings, string]>([
  [{ seed: 8 }, "--seed 8 contradicts 7"],
  [{ lr: 0.5 }, "--lr 0.5 contradicts 0.001 of simple"],
  [{ optimizer: "sgd" }, "--optimizer sgd contradicts adam of simple"],
  [{ dataset: "synthetic" }, "--dataset synthetic contradicts mnist"],
  [{ limitTrain: 2000 }, "--limit-train 2000 contradicts 1000"],
  [{ limitTest: 10 }, "--limit-test 10 contradicts none"],
  [{ batchSize: 64 }, "--batch-size 64 contradicts 512"],
  [{ augment: { rotate: 6, shift: 0, scale: 0 } }, "--augment"],
  [{ schedule: "cosine" }, "--schedule cosine contradicts constant"],
  [{ model: "simple" }, "contradicts simple,pyramid"],
  [{ compare: "simple,pyramid:lr=3" }, "contradicts simple,pyramid"],
  [{ run: "other" }, "--run other contradicts mine"],
])("%j contradicts the run", (settings, part) => {
  expect(() => resume(settings)).toThrow(expect.objectContaining({ exitCode: 2, message: expect.stringContaining(part) }));
});

test("a stored configuration is read back from its JSON, and an invalid one is refused", () => {
  for (const config of [stored, resume({ tf32: true })]) {
    expect(parseRunConfig(JSON.parse(JSON.stringify(config)), "run.json")).toEqual(JSON.parse(JSON.stringify(config)));
  }
  const broken = { ...stored, models: [{ ...stored.models[0], batchSize: 0 }] };
  expect(() => parseRunConfig(broken, "run.json")).toThrow(/run\.json.*models\.0\.batchSize: expects a whole number from 1 to 65536/);
});

test("run.json has each setting at the place where earlier versions stored it", () => {
  const first = {
    run: "first",
    dataset: "mnist",
    limitTrain: 1000,
    seed: 7,
    engine: "auto",
    threads: 0,
    models: [
      {
        name: "small",
        preset: "compact",
        kernels: [8, 16, 22, 56],
        dropout: 0.3,
        epochs: 20,
        batchSize: 32,
        learningRate: 0.001,
        optimizer: "sgd",
        momentum: 0.9,
        weightDecay: 0.01,
        schedule: { type: "step", stepSize: 15, gamma: 0.1, warmup: 1.5 },
        augment: { rotate: 15, shift: 0, scale: 0, crop: { size: 22, probability: 0.1 } },
        earlyStop: 3,
        minDelta: 0.001,
      },
    ],
  };
  const settings =
    "compact:name=small:kernels=8-16-22-56:dropout=0.3:epochs=20:batch-size=32:lr=0.001:optimizer=sgd:momentum=0.9:weight-decay=0.01:" +
    "schedule=step:step-size=15:gamma=0.1:warmup=1.5:augment=rotate=15+crop=22@0.1:early-stop=3:min-delta=0.001";
  const { config } = resolveOptions(
    { flags: flagSource({ run: "first", limitTrain: 1000, seed: 7, model: settings }) },
    presets,
    new Date(),
  );
  expect(JSON.parse(JSON.stringify(config))).toEqual(first);
  expect(JSON.stringify(config)).toBe(JSON.stringify(first));
  expect(parseRunConfig(first, "run.json")).toEqual(first);
  const { minDelta: _, ...older } = first.models[0];
  expect(parseRunConfig({ ...first, models: [older] }, "run.json").models[0]).toEqual({ ...older, minDelta: 0 });
  expect(resumeConfig(parseRunConfig(first, "run.json"), [flagSource({ model: settings })], presets)).toEqual(first);
});
