import { type Key, randomKey, randomUniform, streams } from "../../util/random.js";

/**
 * The random numbers of one image, in order. From here to the pixels only + − × ÷ and square roots are used: unlike Math.sin and
 * Math.log they are exact in every JavaScript engine and on every processor, so that an image is the same bytes everywhere and the
 * catalog can hold the set's digests.
 */
export class Draws {
  private index = 0;

  constructor(private readonly key: Key) {}

  /** @returns uniform in [low, high) */
  uniform(low: number, high: number): number {
    return low + (high - low) * randomUniform(this.key, this.index++);
  }

  /** @returns nearly normal (a sum of four uniform numbers, so within 3.5 deviations of the mean) */
  normal(mean: number, deviation: number): number {
    const sum = this.uniform(0, 1) + this.uniform(0, 1) + this.uniform(0, 1) + this.uniform(0, 1);
    return mean + deviation * (sum - 2) * 1.7320508075688772;
  }

  chance(probability: number): boolean {
    return this.uniform(0, 1) < probability;
  }

  /** @returns an index into the weights, each as likely as its weight */
  choose(weights: readonly number[]): number {
    let left = this.uniform(
      0,
      weights.reduce((sum, weight) => sum + weight, 0),
    );
    for (let i = 0; i < weights.length - 1; i++) {
      left -= weights[i];
      if (left < 0) return i;
    }
    return weights.length - 1;
  }
}

/** @param split 0 training, 1 test @returns the random numbers of one image */
export function drawsOf(seed: number, split: 0 | 1, image: number): Draws {
  return new Draws(randomKey(seed, streams.synthetic, image, split));
}

/** @param turns the angle, 1 is the full circle @returns its sine, within 4e-6 */
export function sine(turns: number): number {
  let t = turns - Math.floor(turns + 0.5);
  if (t > 0.25) t = 0.5 - t;
  else if (t < -0.25) t = -0.5 - t;
  const x = t * 6.283185307179586;
  const square = x * x;
  return x * (1 - (square / 6) * (1 - (square / 20) * (1 - (square / 42) * (1 - square / 72))));
}

/** @param turns the angle, 1 is the full circle @returns its cosine, within 4e-6 */
export function cosine(turns: number): number {
  return sine(turns + 0.25);
}
