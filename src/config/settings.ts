import * as z from "#zod";
import { mostFilters } from "../model/layers/conv.js";
import { type OptimizerName, optimizerNames, optimizers } from "../model/optimizers.js";
import { UserError } from "../util/errors.js";
import { didYouMean } from "../util/nearest.js";
import { augmentKeys, augmentSchema, noAugment, parseAugment } from "./augment.js";
import { datasetNames, engineNames, scheduleNames } from "./names.js";
import { decimal, number, oneOf, type Setting, setting, text, whole, yes } from "./setting.js";

/** Images in each split of every dataset. */
export const splitSizes = { train: 60_000, test: 10_000 };
/** The port of --http without a value, and of `serve`. */
export const defaultHttpPort = 5000;

export const momentumOptimizers = optimizerNames.filter((name) => optimizers[name].takesMomentum);

/** @returns the momentum that an optimizer trains with: the one wanted, else its usual one; 0 where it has none */
export function momentumOf(optimizer: OptimizerName, wanted?: number): number {
  const { takesMomentum, momentum } = optimizers[optimizer];
  return takesMomentum ? (wanted ?? momentum) : 0;
}

const widths = z.array(z.int().min(1).max(mostFilters)).min(1);

/**
 * Every option of `train`, once: its help, the values it takes, its default, its name in run.json and whether a resumed run may change
 * it. Flags, --config files, entries ("simple:lr=0.1"), the types of the configuration and its stored form all follow from this table.
 */
export const settings = {
  compare: setting(
    {
      of: "call",
      group: "Models and data",
      argument: "<models>",
      help: "train several at the same time, such as simple,deep; each may carry settings: pyramid:kernels=16-32-64-128:lr=0.01",
      default: "simple,residual",
    },
    {
      expected: "models such as simple,residual",
      schema: z.string(),
      input: z.union([z.string(), z.array(z.string()).transform((entries) => entries.join(","))]),
      fromText: (value) => value,
    },
  ),
  model: text("a model such as simple", { of: "call", group: "Models and data", argument: "<model>", help: "train one" }),
  dataset: oneOf(datasetNames, {
    of: "run",
    group: "Models and data",
    argument: "<name>",
    help: datasetNames.join(", "),
    default: datasetNames[0],
  }),
  dataDir: text("a folder", {
    of: "call",
    group: "Models and data",
    argument: "<dir>",
    help: "where datasets are looked for before downloading (MNIST_TUI_DATA)",
  }),
  limitTrain: whole(1, splitSizes.train, {
    of: "run",
    group: "Models and data",
    argument: "<n>",
    help: "use the first N training images",
  }),
  limitTest: whole(1, splitSizes.test, { of: "run", group: "Models and data", argument: "<n>", help: "use the first N test images" }),
  kernels: setting(
    {
      of: "model",
      group: "Models and data",
      argument: "<widths>",
      help: "widths of the convolutions, such as 16-32-64-128",
      usual: "the model's",
    },
    {
      expected: `the widths of the convolutions such as 16-32-64-128, whole numbers from 1 to ${mostFilters}`,
      schema: widths,
      input: z.union([widths, z.string().regex(/^\d/).transform(parseWidths).pipe(widths)]),
      fromText: (value) => value,
    },
  ),
  dropout: number("a rate from 0 up to but not including 1", (value) => value >= 0 && value < 1, {
    of: "model",
    group: "Models and data",
    argument: "<rate>",
    help: "rate of every dropout layer; a model without one gets one before its last dense layer",
    usual: "the model's",
  }),
  epochs: whole(1, 100_000, {
    of: "model",
    group: "Training",
    argument: "<n>",
    help: "passes through the training images",
    default: 5,
    resume: "free",
  }),
  batchSize: whole(1, 65_536, { of: "model", group: "Training", argument: "<n>", help: "images a step", default: 512 }),
  lr: number("a learning rate above 0 and at most 100", (value) => value > 0 && value <= 100, {
    of: "model",
    group: "Training",
    argument: "<rate>",
    help: "learning rate",
    default: (optimizer) => optimizers[optimizer].learningRate,
    usual: `the model's, else ${optimizerNames.map((name) => `${name} ${optimizers[name].learningRate}`).join(", ")}`,
    stored: "learningRate",
  }),
  optimizer: oneOf(optimizerNames, {
    of: "model",
    group: "Training",
    argument: "<name>",
    help: optimizerNames.join(", "),
    default: optimizerNames[0],
    usual: `the model's, else ${optimizerNames[0]}`,
  }),
  momentum: number("a number from 0 up to but not including 1", (value) => value >= 0 && value < 1, {
    of: "model",
    group: "Training",
    argument: "<m>",
    help: `of ${momentumOptimizers.join(" and ")}`,
    default: (optimizer) => momentumOf(optimizer),
    usual: momentumOptimizers.map((name) => `${name} ${optimizers[name].momentum}`).join(", "),
  }),
  weightDecay: number("a number from 0 to 1", (value) => value >= 0 && value <= 1, {
    of: "model",
    group: "Training",
    argument: "<w>",
    help: "L2 penalty added to the gradient",
    default: 0,
  }),
  schedule: oneOf(scheduleNames, {
    of: "model",
    group: "Training",
    argument: "<name>",
    help: `learning rate over the run: ${scheduleNames.join(", ")}`,
    default: scheduleNames[0],
    stored: "schedule.type",
  }),
  /** PyTorch's StepLR has no default; this is a third of the usual 30 epochs. */
  stepSize: whole(1, 100_000, {
    of: "model",
    group: "Training",
    argument: "<n>",
    help: "step schedule: epochs between drops",
    default: 10,
    stored: "schedule.stepSize",
  }),
  gamma: number("a factor above 0 and at most 10", (value) => value > 0 && value <= 10, {
    of: "model",
    group: "Training",
    argument: "<factor>",
    help: "step schedule: factor of each drop",
    default: 0.1,
    stored: "schedule.gamma",
  }),
  /** Fractions of an epoch are allowed. */
  warmup: number("a number of epochs from 0 to 100000", (value) => value >= 0 && value <= 100_000, {
    of: "model",
    group: "Training",
    argument: "<epochs>",
    help: "epochs of linear warm-up",
    default: 0,
    stored: "schedule.warmup",
  }),
  augment: setting(
    {
      of: "model",
      group: "Training",
      argument: "<ranges>",
      help: `random changes to the images, ${augmentKeys.join(", ")}: rotate=15,crop=22@0.1,shift=2,scale=0.1`,
      default: noAugment,
      usual: "none",
    },
    {
      expected: "rotate=DEGREES, crop=SIZE@PROBABILITY, shift=PIXELS and scale=FRACTION separated by commas, or none",
      schema: augmentSchema,
      input: z.string().transform(parseAugment),
      fromText: (value) => value,
    },
  ),
  /** 0 is never. */
  earlyStop: whole(0, 100_000, {
    of: "model",
    group: "Training",
    argument: "<n>",
    help: "stop a model after N epochs without improvement of its test accuracy",
    default: 0,
    usual: "never",
  }),
  minDelta: number("a fraction from 0 up to but not including 1", (value) => value >= 0 && value < 1, {
    of: "model",
    group: "Training",
    argument: "<x>",
    help: "least rise of the test accuracy that counts as improvement, as a fraction",
    default: 0,
  }),
  seed: whole(0, 4_294_967_295, {
    of: "run",
    group: "Training",
    argument: "<n>",
    help: "of every random number; same seed, same engine: same run",
    default: 0,
  }),
  engine: oneOf(engineNames, {
    of: "run",
    group: "Machine",
    argument: "<name>",
    help: engineNames.join(", "),
    default: engineNames[0],
    resume: "free",
  }),
  /** 0, which only the default is, stands for the cores of the machine that trains, 64 at most. */
  threads: whole(1, 1024, {
    of: "run",
    group: "Machine",
    argument: "<n>",
    help: "worker threads of each model",
    default: 0,
    usual: "the cores, 64 at most",
    resume: "free",
  }),
  tf32: yes({
    of: "run",
    group: "Machine",
    argument: "",
    help: "cuda: multiply in TensorFloat-32 on tensor cores, with 10 bits of mantissa",
    usual: "float32",
    resume: "free",
  }),
  config: text("a JSON file or the name of a recipe", {
    of: "call",
    group: "Runs and output",
    argument: "<file>",
    help: "options from a JSON file, or a recipe's name (its first letters do)",
  }),
  run: text("a name", { of: "call", group: "Runs and output", argument: "<name>", help: "name of the run", usual: "the time" }),
  checkpointDir: text("a folder", {
    of: "call",
    group: "Runs and output",
    argument: "<dir>",
    help: "where runs are stored",
    default: "checkpoints",
  }),
  resume: setting(
    {
      of: "call",
      group: "Runs and output",
      argument: "[run]",
      help: "go on with an interrupted run, or a finished one with more --epochs",
      usual: "the newest",
    },
    {
      expected: "the name of a run, or true for the newest",
      schema: z.union([z.literal(true), z.string().min(1)]),
      fromText: (value) => value,
    },
  ),
  plain: yes({ of: "call", group: "Runs and output", argument: "", help: "lines of text instead of the dashboard" }),
  json: yes({ of: "call", group: "Runs and output", argument: "", help: "one JSON event a line on standard output" }),
  ascii: yes({ of: "call", group: "Runs and output", argument: "", help: "no characters beyond ASCII" }),
  http: setting(
    {
      of: "call",
      group: "Runs and output",
      argument: "[port]",
      help: "meanwhile serve predictions and a live page to this machine's browsers",
      usual: `port ${defaultHttpPort}`,
    },
    {
      expected: `a port from 0 (any free one) to 65535, or true for ${defaultHttpPort}`,
      schema: z.union([z.literal(true), z.int().min(0).max(65_535)]),
      fromText: decimal,
    },
  ),
};

type Table = typeof settings;
export type SettingKey = keyof Table;
export type KeysOf<O extends Table[SettingKey]["of"]> = { [K in SettingKey]: Table[K]["of"] extends O ? K : never }[SettingKey];
export type ModelKey = KeysOf<"model">;
export type SettingValue<K extends SettingKey> = z.output<Table[K]["schema"]>;
export type Settings = { [K in SettingKey]?: SettingValue<K> };
export type ModelSettings = Pick<Settings, ModelKey>;

export const settingKeys = Object.keys(settings) as SettingKey[];
export const modelKeys = keysOf("model");
export const runKeys = keysOf("run");

/** @returns the value that holds where no source gives one; undefined: there is none */
export function defaultOf(key: SettingKey, optimizer: OptimizerName = optimizerNames[0]): unknown {
  const { default: usual } = settings[key] as Setting;
  return typeof usual === "function" ? usual(optimizer) : structuredClone(usual);
}

/**
 * @param label how the user wrote the option: "--lr", or "lr in FILE"
 * @throws UserError (exit code 2) naming the values that the option expects and the one that it got
 */
export function checkSetting<K extends SettingKey>(key: K, value: unknown, label: string, shown: unknown = value): SettingValue<K> {
  const { schema, input, expected, names } = settings[key] as Setting;
  const result = (input ?? schema).safeParse(value);
  if (result.success) return result.data as SettingValue<K>;
  const hint = names && typeof shown === "string" ? didYouMean(shown, names) : "";
  throw new UserError(`${label} expects ${expected}, got ${JSON.stringify(shown)}${hint}.`, 2);
}

/**
 * @param word a key that is none of the allowed ones, in camelCase
 * @param shown how a key is written where the word stands
 * @returns " (did you mean KEY?)" for a key that is near, or that has such a name in run.json ("learningRate"); else ""
 */
export function keyMeant(word: string, allowed: readonly string[], shown = (key: string) => key): string {
  const others = allowed.flatMap((key) => ((settings as Record<string, Setting>)[key]?.stored === word ? [key] : []));
  return others.length > 0 ? ` (did you mean ${shown(others[0])}?)` : didYouMean(word, allowed, shown);
}

/** Like checkSetting, for the text of a flag or an entry. */
export function checkText<K extends SettingKey>(key: K, value: string, label: string): SettingValue<K> {
  return checkSetting(key, settings[key].fromText(value), label, value);
}

/** "batchSize" → "batch-size" */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** "batch-size" → "batchSize" */
export function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function keysOf<O extends Table[SettingKey]["of"]>(of: O): KeysOf<O>[] {
  return settingKeys.filter((key) => settings[key].of === of) as KeysOf<O>[];
}

function parseWidths(value: string): number[] {
  return value.split(/[-,]/).map(Number);
}
