import type { Setting } from "./setting.js";
import { type SettingKey, settings } from "./settings.js";

/** Where the settings stand in the stored configuration of a model or a run: "schedule.type" is `type` in the object `schedule`. */

type Nested = Record<string, unknown>;

/** @returns an object with the value of each setting in its place */
export function placed<K extends SettingKey>(keys: readonly K[], value: (key: K) => unknown): Nested {
  const object: Nested = {};
  for (const key of keys) place(object, key, value(key));
  return object;
}

/** @param object a model's or run's configuration, which is changed */
export function place(object: object, key: SettingKey, value: unknown): void {
  const path = pathOf(key);
  const last = path.pop()!;
  const holder = path.reduce((within, name) => {
    within[name] ??= {};
    return within[name] as Nested;
  }, object as Nested);
  holder[last] = value;
}

/** @param object a model's or run's configuration */
export function valueAt(object: object, key: SettingKey): unknown {
  return pathOf(key).reduce<unknown>((within, name) => (within as Nested)[name], object);
}

function pathOf(key: SettingKey): string[] {
  return ((settings[key] as Setting).stored ?? key).split(".");
}
