import type { Setting } from "./setting.js";
import { type SettingKey, settings } from "./settings.js";

/** The configuration of a model or a run nests its settings: "schedule.type" is `type` in the object `schedule`. */

type Nested = Record<string, unknown>;

/** @returns a configuration with the value of each setting */
export function nested<K extends SettingKey>(keys: readonly K[], value: (key: K) => unknown): Nested {
  const config: Nested = {};
  for (const key of keys) writeValue(config, key, value(key));
  return config;
}

export function writeValue(config: object, key: SettingKey, value: unknown): void {
  const path = pathOf(key);
  const last = path.pop()!;
  const holder = path.reduce((within, name) => {
    within[name] ??= {};
    return within[name] as Nested;
  }, config as Nested);
  holder[last] = value;
}

export function readValue(config: object, key: SettingKey): unknown {
  return pathOf(key).reduce<unknown>((within, name) => (within as Nested)[name], config);
}

function pathOf(key: SettingKey): string[] {
  return ((settings[key] as Setting).stored ?? key).split(".");
}
