import type { Evaluation, ModelState } from "./state.js";

/** How far apart two networks' accuracies on the same test images are. */
export interface Difference {
  /** The second accuracy minus the first, as fractions. */
  value: number;
  /** Half the width of the 95 % interval around it. */
  margin: number;
  /**
   * paired: of the images that one network reads right and the other wrong. bound: it is not known which images these are; were no image
   * read wrong by both, the interval would be that wide, and it is never wider.
   */
  kind: "paired" | "bound";
  /** Whether the interval holds 0: the order of the two may be chance. */
  withinNoise: boolean;
}

/** Quantile of the normal distribution for a two-sided interval of 95 %. */
const z = 1.959964;

/**
 * The 95 % interval of Agresti and Min (Simple improved confidence intervals for comparing matched proportions, Statistics in Medicine 24,
 * 2005): of n images, b are read wrong by the first network alone and c by the second alone; with 1/2 added to each of the four cells of
 * the 2×2 table, that is n' = n + 2, b' = b + 1/2, c' = c + 1/2, it is (b' − c' ± z √(b' + c' − (b' − c')² / n')) / n'.
 * @param counts of test images
 * @returns its centre and half its width, as fractions
 */
export function pairedInterval({ n, b, c }: { n: number; b: number; c: number }): { centre: number; margin: number } {
  const lead = b - c;
  return { centre: lead / (n + 2), margin: (z * Math.sqrt(b + c + 1 - lead ** 2 / (n + 2))) / (n + 2) };
}

/** @returns how the second model's newest test accuracy differs from the first one's; undefined where one has none, or their test images differ in number */
export function accuracyDifference(first: ModelState, second: ModelState): Difference | undefined {
  const [a, b] = [first.evaluations.at(-1), second.evaluations.at(-1)];
  if (a === undefined || b === undefined || first === second) return undefined;
  const n = testImages(a);
  const value = b.testAccuracy - a.testAccuracy;
  if (n === 0 || n !== testImages(b) || !Number.isFinite(value)) return undefined;
  const counts = discordant(a, b, n);
  const { centre, margin } = pairedInterval({ n, ...(counts ?? mostDiscordant(a, b, n)) });
  return { value, margin, kind: counts ? "paired" : "bound", withinNoise: Math.abs(centre) <= margin };
}

function testImages({ confusion }: Evaluation): number {
  return confusion.flat().reduce((sum, count) => sum + count, 0);
}

/** @returns how many images the first alone reads wrong (b), and the second alone (c); undefined where an evaluation does not tell which are wrong */
function discordant(first: Evaluation, second: Evaluation, n: number): { b: number; c: number } | undefined {
  const [one, other] = [first, second].map(({ wrong }) => Buffer.from(wrong ?? "", "base64"));
  const bytes = Math.ceil(n / 8);
  if (one.length !== bytes || other.length !== bytes) return undefined;
  const counts = { b: 0, c: 0 };
  for (let index = 0; index < bytes; index++) {
    counts.b += ones(one[index] & ~other[index]);
    counts.c += ones(other[index] & ~one[index]);
  }
  return counts;
}

/** As if as few images as possible were read wrong by both. */
function mostDiscordant(first: Evaluation, second: Evaluation, n: number): { b: number; c: number } {
  const [one, other] = [first, second].map(({ testAccuracy }) => Math.round(n * (1 - testAccuracy)));
  return { b: Math.min(one, n - other), c: Math.min(other, n - one) };
}

/** @returns the bits that are set in a byte */
function ones(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest &= rest - 1) count++;
  return count;
}
