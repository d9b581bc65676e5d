/** Numbers out of events: JSON has no NaN, a diverged training has. */

/** @returns the number, or undefined for null, NaN and infinities (JSON has none of them) */
export function finite(value: number | null | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** null (JSON's word for NaN) and undefined become NaN. */
export function number(value: number | null | undefined): number {
  return typeof value === "number" ? value : Number.NaN;
}
