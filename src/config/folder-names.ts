import { UserError } from "../util/errors.js";

/** Files that a run's folder holds beside its models' folders. */
const filesOfRun = ["run.json", "lock.json"];

/** @returns whether a run's folder may have the name: one that is safe on every file system and needs no quoting in a shell */
export function isRunName(name: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(name) && name !== "." && name !== "..";
}

/** @returns whether a model's folder may have the name, beside the files of its run */
export function isModelName(name: string): boolean {
  return isRunName(name) && !filesOfRun.includes(name.toLowerCase());
}

/** @throws UserError (exit code 2) where the name cannot be the folder of a run or of a model */
export function checkName(name: string, kind: "run" | "model"): void {
  if (kind === "run" ? isRunName(name) : isModelName(name)) return;
  const exception = kind === "model" ? ", and no file of a run" : "";
  throw new UserError(
    `A ${kind} name has 1 to 64 of A–Z, a–z, 0–9, ".", "_" and "-"${exception}, got ${JSON.stringify(name)}; choose another.`,
    2,
  );
}
