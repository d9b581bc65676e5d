import type * as z from "#zod";

/** @param within where in a larger document the checked value stands @returns the first fault, for an error: "config.models.0.epochs: expects …" */
export function firstIssue({ issues: [{ path, message }] }: z.ZodError, within: readonly string[] = []): string {
  return `${[...within, ...path].join(".")}: ${message}`;
}
