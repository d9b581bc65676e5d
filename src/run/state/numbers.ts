/** Numbers out of events: JSON has no NaN, a diverged training has. */

/** @returns the number, or undefined for null, NaN and infinities (JSON has none of them) */
export function finite(value: number | null | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** @returns the number; NaN for null (as JSON writes NaN) and undefined */
export function numberOrNaN(value: number | null | undefined): number {
  return typeof value === "number" ? value : Number.NaN;
}
