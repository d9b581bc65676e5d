import type { KeysOf, ModelKey, SettingKey, SettingValue, settings } from "./settings.js";

/** The resolved configuration of a run, as stored in run.json: every default filled in, nothing left to guess. */

export type { AugmentConfig } from "./augment.js";
export type { DatasetName, EngineChoice } from "./names.js";

type Path<K extends SettingKey> = (typeof settings)[K] extends { stored: infer P extends string } ? P : K;
type Name<K extends SettingKey> = Path<K> extends `${string}.${infer N}` ? N : Path<K>;
type HasDefault<K extends SettingKey> = (typeof settings)[K] extends { default: unknown } ? true : false;
type ScheduleKey = { [K in ModelKey]: Path<K> extends `schedule.${string}` ? K : never }[ModelKey];

/** Settings under their names in run.json; those without a default may be absent. */
type Stored<Keys extends SettingKey> = { [K in Keys as HasDefault<K> extends true ? Name<K> : never]: SettingValue<K> } & {
  [K in Keys as HasDefault<K> extends true ? never : Name<K>]?: SettingValue<K>;
};

export type ScheduleConfig = Stored<ScheduleKey>;

export interface ModelConfig extends Stored<Exclude<ModelKey, ScheduleKey>> {
  /** Unique in the run; also the folder's name. */
  name: string;
  preset: string;
  schedule: ScheduleConfig;
}

export interface RunConfig extends Stored<KeysOf<"run">> {
  run: string;
  models: ModelConfig[];
}
