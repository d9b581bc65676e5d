import * as z from "#zod";
import { optimizerNames } from "../model/optimizers.js";
import { UserError } from "../util/errors.js";
import { parseAugment } from "./augment.js";
import type { AugmentConfig, DatasetName, EngineChoice, ScheduleConfig } from "./types.js";

/** Every option of training, once: how its text reads, what it may be, how an error says so. Flags, files and entries share this table. */
export interface Setting<T> {
  /** Completes "expects …, got …". */
  expected: string;
  schema: z.ZodType<T>;
  /** What a flag's text stands for, still to be checked by the schema. */
  fromText(text: string): unknown;
}

export const schedules = ["constant", "step", "cosine", "onecycle"] as const satisfies readonly ScheduleConfig["type"][];
export const datasets = ["mnist", "fashion-mnist", "synthetic"] as const satisfies readonly DatasetName[];
export const engines = ["auto", "native", "wasm", "reference", "cuda", "tensorflow", "webgpu"] as const satisfies readonly EngineChoice[];

/** Settings that each model of a run may have of its own. */
export const modelSettings = {
  kernels: {
    expected: "the widths of the convolutions such as 16-32-64-128, whole numbers from 1 to 512",
    schema: z.union([z.array(z.int().min(1).max(512)).min(1), z.string().regex(/^\d/).transform(parseWidths)]),
    fromText: (text) => text,
  } satisfies Setting<number[]>,
  dropout: number("a rate from 0 up to but not including 1", (value) => value >= 0 && value < 1),
  epochs: whole(1, 100_000),
  batchSize: whole(1, 65_536),
  lr: number("a learning rate above 0 and at most 100", (value) => value > 0 && value <= 100),
  optimizer: oneOf(optimizerNames),
  momentum: number("a number from 0 up to but not including 1", (value) => value >= 0 && value < 1),
  weightDecay: number("a number from 0 to 1", (value) => value >= 0 && value <= 1),
  schedule: oneOf(schedules),
  stepSize: whole(1, 100_000),
  gamma: number("a factor above 0 and at most 10", (value) => value > 0 && value <= 10),
  warmup: number("a number of epochs, 0 or more", (value) => value >= 0 && value <= 100_000),
  augment: {
    expected: "rotate=DEGREES, crop=SIZE@PROBABILITY, shift=PIXELS and scale=FRACTION separated by commas, or none",
    schema: z.string().transform(parseAugment),
    fromText: (text) => text,
  } satisfies Setting<AugmentConfig>,
  earlyStop: whole(0, 100_000),
  minDelta: number("a fraction from 0 up to but not including 1", (value) => value >= 0 && value < 1),
};

/** Settings of the run as a whole. */
export const runSettings = {
  compare: {
    expected: "models such as simple,residual",
    schema: z.union([z.string(), z.array(z.string()).transform((entries) => entries.join(","))]),
    fromText: (text) => text,
  } satisfies Setting<string>,
  model: text("a model such as simple"),
  dataset: oneOf(datasets),
  dataDir: text("a folder"),
  limitTrain: whole(1, 60_000),
  limitTest: whole(1, 10_000),
  seed: whole(0, 4_294_967_295),
  engine: oneOf(engines),
  threads: whole(1, 1024),
  tf32: yes(),
  run: text("a name"),
  checkpointDir: text("a folder"),
  resume: {
    expected: "the name of a run, or true for the newest",
    schema: z.union([z.literal(true), z.string().min(1)]),
    fromText: (text) => text,
  } satisfies Setting<true | string>,
  plain: yes(),
  json: yes(),
  ascii: yes(),
  http: {
    expected: "a port from 0 (any free one) to 65535, or true for 5000",
    schema: z.union([z.literal(true), z.int().min(0).max(65_535)]),
    fromText: decimal,
  } satisfies Setting<true | number>,
};

export const allSettings = { ...runSettings, ...modelSettings };

type Values<T> = { [K in keyof T]?: T[K] extends { schema: infer S extends z.ZodType } ? z.output<S> : never };
export type ModelSettings = Values<typeof modelSettings>;
export type RunSettings = Values<typeof runSettings>;
export type Settings = RunSettings & ModelSettings;
export type ModelKey = keyof typeof modelSettings;
export type SettingKey = keyof typeof allSettings;

/**
 * @param label how the user wrote the option: "--lr", or "lr in FILE"
 * @throws UserError (exit code 2): what the option expects and what it got
 */
export function checkSetting<K extends SettingKey>(key: K, value: unknown, label: string, shown: unknown = value): Settings[K] {
  const { schema, expected } = allSettings[key] as Setting<Settings[K]>;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UserError(`${label} expects ${expected}, got ${JSON.stringify(shown)}.`, 2);
}

/** Like checkSetting, for the text of a flag or an entry. */
export function checkText<K extends SettingKey>(key: K, value: string, label: string): Settings[K] {
  return checkSetting(key, allSettings[key].fromText(value), label, value);
}

/** "batchSize" → "batch-size" */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** "batch-size" → "batchSize" */
export function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function whole(minimum: number, maximum: number): Setting<number> {
  return {
    expected: `a whole number from ${minimum} to ${maximum}`,
    schema: z.int().min(minimum).max(maximum),
    fromText: decimal,
  };
}

function number(expected: string, allowed: (value: number) => boolean): Setting<number> {
  return { expected, schema: z.number().refine(allowed), fromText: decimal };
}

function oneOf<const T extends string>(values: readonly T[]): Setting<T> {
  return { expected: `one of ${values.join(", ")}`, schema: z.enum(values) as unknown as z.ZodType<T>, fromText: (text) => text };
}

function text(expected: string): Setting<string> {
  return { expected, schema: z.string().min(1), fromText: (value) => value };
}

function yes(): Setting<boolean> {
  return { expected: "true or false", schema: z.boolean(), fromText: (value) => value === "true" || (value === "false" ? false : value) };
}

function parseWidths(text: string, context: z.RefinementCtx): number[] {
  const widths = text.split(/[-,]/).map(Number);
  if (widths.every((width) => Number.isInteger(width) && width >= 1 && width <= 512)) return widths;
  context.addIssue({ code: "custom" });
  return z.NEVER;
}

/** Text that is no number stays text, which no number's schema takes. */
function decimal(text: string): number | string {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : text;
}
