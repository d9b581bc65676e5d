import * as z from "#zod";
import type { OptimizerName } from "../model/optimizers.js";

/** Headings of `train --help`. */
type HelpGroup = "Models and data" | "Training" | "Machine" | "Runs and output";

/** One option of `train`, apart from the values that it takes. */
interface About<T> {
  /** model: each model of a run may have its own. run: the run as a whole has one. Both stand in run.json. call: one call of `train`. */
  of: "model" | "run" | "call";
  group: HelpGroup;
  /** The flag's value in the help: "<n>", "[port]" where it may be left out, "" where there is none. */
  argument: string;
  help: string;
  /** The value where neither preset, file nor flag gives one. */
  default?: T | ((optimizer: OptimizerName) => T);
  /** The default in the help, where it is not the value itself. */
  usual?: string;
  /** Name in run.json where it is another one, after the object that holds it: "schedule.type". */
  stored?: string;
  /** free: a resumed run may change it. Everything else that is stored belongs to the run. */
  resume?: "free";
}

/** How the values of an option read. */
interface Values<T> {
  /** Completes "expects …, got …". */
  expected: string;
  schema: z.ZodType<T>;
  /** All values, where they are names. */
  names?: readonly string[];
  /** The values of a JSON file and of a flag's text, where they may be written in more ways than the schema's. */
  input?: z.ZodType<T>;
  /** The value that a flag's text means, to be checked by the schema. */
  fromText(text: string): unknown;
}

export type Setting<T = unknown, A extends About<T> = About<T>> = A & Values<T>;

export function setting<T, const A extends About<T>>(about: A, values: Values<T>): Setting<T, A> {
  return { ...about, ...values };
}

export function whole<const A extends About<number>>(minimum: number, maximum: number, about: A): Setting<number, A> {
  const expected = `a whole number from ${minimum} to ${maximum}`;
  const message = `expects ${expected}`;
  return { ...about, expected, schema: z.int(message).min(minimum, message).max(maximum, message), fromText: decimal };
}

export function number<const A extends About<number>>(expected: string, allowed: (value: number) => boolean, about: A): Setting<number, A> {
  const message = `expects ${expected}`;
  return { ...about, expected, schema: z.number(message).refine(allowed, message), fromText: decimal };
}

export function oneOf<const T extends string, const A extends About<T>>(values: readonly T[], about: A): Setting<T, A> {
  const expected = `one of ${values.join(", ")}`;
  const schema = z.enum(values, `expects ${expected}`) as unknown as z.ZodType<T>;
  return { ...about, expected, schema, names: values, fromText: (text) => text };
}

export function text<const A extends About<string>>(expected: string, about: A): Setting<string, A> {
  return { ...about, expected, schema: z.string().min(1), fromText: (value) => value };
}

export function yes<const A extends About<boolean>>(about: A): Setting<boolean, A> {
  const fromText = (value: string) => value === "true" || (value === "false" ? false : value);
  return { ...about, expected: "true or false", schema: z.boolean(), fromText };
}

/** @returns the number, or the text itself where it is none, which no number's schema takes */
export function decimal(value: string): number | string {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value.trim()) ? Number(value) : value;
}
