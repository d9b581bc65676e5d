import { expect, test } from "vitest";
import { datasetNames, engineNames } from "../../dist/config/names.js";
import { modelKeys, settingKeys } from "../../dist/config/settings.js";
import { presetNames } from "../../dist/model/presets.js";
import { didYouMean, nearest } from "../../dist/util/nearest.js";

test.each<[string, readonly string[], string | undefined]>([
  ["simpel", presetNames, "simple"],
  ["residaul", presetNames, "residual"],
  ["VGG", presetNames, "vgg"],
  ["resid", presetNames, "residual"],
  ["alexnet", presetNames, undefined],
  ["", presetNames, undefined],
  ["--epoch", ["--seed", "--epochs"], "--epochs"],
  ["mnsit", datasetNames, "mnist"],
  ["fashion_mnist", datasetNames, "fashion-mnist"],
  ["fashion", datasetNames, "fashion-mnist"],
  ["ntaive", engineNames, "native"],
  ["batch-size", settingKeys, "batchSize"],
  ["constructor", modelKeys, undefined],
  ["sdg", ["adam", "sgd", "rmsprop"], "sgd"],
  ["lion", ["adam", "sgd", "rmsprop"], undefined],
])("%j is nearest to %3$j", (word, candidates, expected) => {
  expect(nearest(word, candidates)).toBe(expected);
});

test("the nearest of several counts, and among equals the first", () => {
  expect(nearest("run-12", ["run-34", "run-13"])).toBe("run-13");
  expect(nearest("run-3", ["run-1", "run-2"])).toBe("run-1");
});

test("a hint names the right word, or what it stands for, or is empty", () => {
  expect(didYouMean("trian", ["train"])).toBe(" (did you mean train?)");
  expect(didYouMean("trian", ["train"], (name) => `mnist-tui ${name}`)).toBe(" (did you mean mnist-tui train?)");
  expect(didYouMean("x", ["train"])).toBe("");
});
