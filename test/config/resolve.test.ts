import { expect, test } from "vitest";
import { type Presets, readOptions, recipeNames, shippedPresets } from "../../dist/config/files.js";
import { fileSource, flagSource, resolveOptions } from "../../dist/config/resolve.js";
import type { Settings } from "../../dist/config/settings.js";

const presets = shippedPresets();
const now = new Date(2026, 10, 21, 14, 5, 9);

/** The presets, of which one gets training settings of its own for these tests. */
const opinionated: Presets = {
  names: presets.names,
  training: (preset) => (preset === "vgg" ? { optimizer: "sgd", lr: 0.02, momentum: 0.8 } : presets.training(preset)),
};

function resolve(flags: Settings, file?: Settings, from = presets) {
  return resolveOptions({ flags: flagSource(flags), file: file && fileSource("options.json", file) }, from, now);
}

function models(flags: Settings, file?: Settings, from = presets) {
  return resolve(flags, file, from).config.models;
}

function refusal(flags: Settings, file?: Settings): string {
  try {
    resolve(flags, file);
  } catch (error) {
    expect(error).toMatchObject({ name: "UserError", exitCode: 2 });
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
}

test("the default is that simple and residual train for five epochs of batches of 512 with Adam", () => {
  const { config, checkpointDir, datasetByName, output } = resolve({});
  expect(config).toMatchObject({ run: "2026-11-21_14-05-09", dataset: "mnist", seed: 0, engine: "auto", threads: 0 });
  expect(config.models.map(({ name }) => name)).toEqual(["simple", "residual"]);
  for (const model of config.models) {
    expect(model).toMatchObject({ epochs: 5, batchSize: 512, optimizer: "adam", learningRate: 0.001, momentum: 0, weightDecay: 0 });
    expect(model).toMatchObject({ schedule: { type: "constant", warmup: 0 }, augment: { rotate: 0, shift: 0, scale: 0 }, earlyStop: 0 });
  }
  expect({ checkpointDir, datasetByName, output }).toEqual({ checkpointDir: "checkpoints", datasetByName: false, output: "dashboard" });
});

test.each([
  ["adam", 0.001, 0],
  ["sgd", 0.01, 0.9],
  ["rmsprop", 0.001, 0],
] as const)("%s comes with its usual learning rate and momentum", (optimizer, learningRate, momentum) => {
  expect(models({ model: "simple", optimizer })[0]).toMatchObject({ optimizer, learningRate, momentum });
});

test("a preset's own training settings hold until another optimizer is chosen", () => {
  const vgg = (settings: Settings) => models({ model: "vgg", ...settings }, undefined, opinionated)[0];
  expect(vgg({})).toMatchObject({ optimizer: "sgd", learningRate: 0.02, momentum: 0.8 });
  expect(vgg({ optimizer: "adam" })).toMatchObject({ optimizer: "adam", learningRate: 0.001, momentum: 0 });
  expect(vgg({ lr: 0.05 })).toMatchObject({ optimizer: "sgd", learningRate: 0.05, momentum: 0.8 });
});

test("every preset trains with Adam at 0.001 by default", () => {
  for (const { optimizer, learningRate } of models({ compare: presets.names.join(",") })) {
    expect({ optimizer, learningRate }).toEqual({ optimizer: "adam", learningRate: 0.001 });
  }
});

test("flags win over the file, the file over the preset, and a model's entry over its source's settings for all models", () => {
  const [vgg, simple] = models({ epochs: 3 }, { compare: "vgg,simple:lr=0.2", epochs: 7, lr: 0.1, batchSize: 64 }, opinionated);
  expect(vgg).toMatchObject({ epochs: 3, learningRate: 0.1, batchSize: 64, optimizer: "sgd" });
  expect(simple).toMatchObject({ epochs: 3, learningRate: 0.2, batchSize: 64, optimizer: "adam" });
  expect(models({ lr: 0.3 }, { compare: "vgg,simple:lr=0.2" }).map(({ learningRate }) => learningRate)).toEqual([0.3, 0.3]);
});

test("entries carry settings of their own, and two may have the same preset", () => {
  const [first, second, third] = models({
    compare: "pyramid:kernels=16-32-64-128:dropout=0.3:optimizer=sgd:lr=0.01,pyramid,pyramid:name=turned:augment=rotate=15+shift=2",
  });
  expect(first).toMatchObject({
    name: "pyramid",
    kernels: [16, 32, 64, 128],
    dropout: 0.3,
    optimizer: "sgd",
    learningRate: 0.01,
    momentum: 0.9,
  });
  expect(second).toMatchObject({ name: "pyramid-2", preset: "pyramid", optimizer: "adam" });
  expect(second.kernels).toBeUndefined();
  expect(third).toMatchObject({ name: "turned", augment: { rotate: 15, shift: 2 } });
});

test.each<[string, Settings, string]>([
  ["an unknown model", { compare: "simple,alexnet" }, `choose from ${presets.names.join(", ")}`],
  ["an empty entry", { compare: "simple,," }, "choose from"],
  ["an unknown key of an entry", { compare: "simple:rate=1" }, "kernels, dropout, epochs, batch-size, lr"],
  ["a key of an entry named like a property of objects", { compare: "simple:constructor=1" }, "kernels, dropout, epochs"],
  ["a key without a value", { compare: "simple:lr" }, "expected KEY=VALUE"],
  ["a wrong value in an entry", { compare: "simple:lr=much" }, 'lr in "simple:lr=much" expects a learning rate'],
  ["a key that stands twice", { compare: "simple:lr=1:lr=2" }, "twice"],
  ["two models of one name", { compare: "simple:name=a,deep:name=a" }, "name of its own"],
  ["a name that is no folder's", { compare: "simple:name=a/b" }, "1 to 64 of"],
  ["--model with --compare", { compare: "simple", model: "deep" }, "--compare and --model contradict each other"],
  ["several models for --model", { model: "simple,deep" }, "use --compare"],
  ["a momentum for Adam", { model: "simple", momentum: 0.9 }, "--momentum is for sgd and rmsprop"],
  ["a step size without the step schedule", { stepSize: 3 }, "--step-size is for the step schedule"],
  ["a gamma for the cosine schedule", { schedule: "cosine", gamma: 0.5 }, "--gamma is for the step schedule"],
  ["a warm-up for one-cycle", { schedule: "onecycle", warmup: 1 }, "--warmup contradicts the onecycle schedule"],
  ["a warm-up as long as the run", { epochs: 2, warmup: 2 }, "shorter than the 2 epochs"],
  ["a min-delta without early stopping", { minDelta: 0.01 }, "add --early-stop"],
  ["both output formats", { plain: true, json: true }, "contradict each other"],
  ["a run's name with a slash", { run: "a/b" }, 'got "a/b"'],
  ["a run named like a folder's parent", { run: ".." }, "choose another"],
])("%s is refused", (_, flags, part) => {
  expect(refusal(flags)).toContain(part);
});

test("a setting for all models is accepted where one of them uses it, and ignored where a higher choice has no use for it", () => {
  const [simple, pyramid] = models({ compare: "simple,pyramid:optimizer=sgd", momentum: 0.5 });
  expect([simple.momentum, pyramid.momentum]).toEqual([0, 0.5]);
  expect(models({ model: "simple", optimizer: "adam" }, { optimizer: "sgd", momentum: 0.9, lr: 0.01 })[0].momentum).toBe(0);
  expect(models({ schedule: "constant" }, { schedule: "step", stepSize: 4 })[0].schedule.type).toBe("constant");
  expect(refusal({ compare: "simple:momentum=0.9,pyramid:optimizer=sgd" })).toContain("is for sgd and rmsprop");
});

test("a batch larger than the training images is lowered to them, which is said", () => {
  const { config, notices } = resolve({ limitTrain: 500, compare: "simple,deep:batch-size=500,vgg:batch-size=501" });
  expect(config.models.map(({ batchSize }) => batchSize)).toEqual([500, 500, 500]);
  expect(notices).toEqual([
    "The batch size of simple is 500 instead of 512: there are only 500 training images.",
    "The batch size of vgg is 500 instead of 501: there are only 500 training images.",
  ]);
  expect(resolve({ model: "simple", batchSize: 65_536 }).config.models[0].batchSize).toBe(60_000);
});

test("a setting that does something else than its name promises is named", () => {
  const notices = (flags: Settings, file?: Settings) => resolve(flags, file).notices;
  expect(notices({ compare: "simple,vgg", dropout: 0.3 })).toEqual([
    "simple has no dropout layer of its own: one with the rate 0.3 is put before its last dense layer.",
  ]);
  expect(notices({ model: "simple", dropout: 0 })).toEqual([]);
  expect(notices({ compare: "simple,pyramid:optimizer=sgd", momentum: 0.5 })).toEqual([
    "--momentum has no effect on simple: it is for sgd and rmsprop, but the optimizer of simple is adam.",
  ]);
  expect(notices({ model: "simple", schedule: "step" })).toEqual([
    expect.stringMatching(/^The learning rate of simple never drops: .* after 10 of 5 epochs; lower --step-size/),
  ]);
  expect(notices({ model: "simple", schedule: "step", stepSize: 4 })).toEqual([]);
  expect(notices({ model: "simple", earlyStop: 5 })).toEqual([expect.stringMatching(/^simple never stops early: .*lower --early-stop/)]);
  expect(notices({ model: "simple", earlyStop: 4 })).toEqual([]);
  for (const name of recipeNames()) expect(notices({}, readOptions(name).options)).toEqual([]);
});

test("every seed has one recipe, and each recipe resolves", () => {
  expect(recipeNames()).toEqual(["seed-000-simple", "seed-001-vgg", "seed-002-fashion", "seed-003-compact", "seed-004-pyramid"]);
  const [comparison, monitor, fashion, small, service] = recipeNames().map((name) => resolve({}, readOptions(name).options).config);
  expect(comparison.models.map(({ preset }) => preset)).toEqual(["simple", "deep", "residual"]);
  expect(monitor.models[0]).toMatchObject({ preset: "vgg", epochs: 10, batchSize: 512, learningRate: 0.01 });
  expect(fashion.dataset).toBe("fashion-mnist");
  expect(fashion.models).toMatchObject([
    { preset: "pyramid", kernels: [32, 64, 128, 256], optimizer: "adam", learningRate: 0.001, dropout: 0.5 },
    { preset: "pyramid", kernels: [16, 32, 64, 128], optimizer: "sgd", learningRate: 0.01, dropout: 0.3 },
  ]);
  expect(small.models[0]).toMatchObject({
    preset: "compact",
    epochs: 20,
    batchSize: 32,
    optimizer: "sgd",
    learningRate: 0.001,
    momentum: 0.9,
    schedule: { type: "step", stepSize: 15, gamma: 0.1 },
    augment: { rotate: 15, crop: { size: 22, probability: 0.1 } },
  });
  expect(service.models[0].preset).toBe("pyramid");
});

test.each(["seed-003-compact", "seed-003-compact.json", "seed-003", "003", "003_14c6d933e153585f", "003_14c6d933e153585f.json"])(
  "%s names a recipe, and flags win over it",
  (name) => {
    const { label, options } = readOptions(name);
    expect(label).toBe("recipe seed-003-compact");
    expect(models({ batchSize: 64 }, options)[0]).toMatchObject({ batchSize: 64, epochs: 20 });
  },
);
