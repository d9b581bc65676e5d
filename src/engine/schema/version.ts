import { createHash } from "node:crypto";
import type { Schema } from "./fields.js";

/** @returns a positive 32-bit number that changes with anything in the schema but its texts */
export function versionOf(schema: Schema): number {
  const texts: Record<string, (value: never) => unknown> = { doc: () => undefined, beside: () => undefined, values: Object.keys };
  const layout = JSON.stringify(schema, (key, value) => (Object.hasOwn(texts, key) ? texts[key](value as never) : value));
  return createHash("sha256").update(layout).digest().readUInt32BE() >>> 1;
}
