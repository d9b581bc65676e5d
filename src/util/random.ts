/**
 * Counter-based random numbers: every number is a pure function of (seed, stream, step, index), so any engine, any
 * number of threads and any resume point see the same run. The mixer is Chris Wellons' 32-bit "lowbias32" in its improved
 * constants (https://github.com/skeeto/hash-prospector); native/random.h is the same in C++.
 */

/** The purpose of a number is part of its key, so streams never share numbers. Runs depend on the values: never renumber. */
export const streams = { initialize: 1, shuffle: 2, augment: 3, dropout: 4, synthetic: 5, samples: 6 } as const;
type Stream = (typeof streams)[keyof typeof streams];

/** @param x any 32-bit integer @returns a well-mixed unsigned 32-bit integer; a bijection */
export function mix(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x21f0aaad);
  x ^= x >>> 15;
  x = Math.imul(x, 0x735a2d97);
  x ^= x >>> 15;
  return x >>> 0;
}

export interface Key {
  a: number;
  b: number;
}

/** The 64-bit key of one (seed, stream, step). `lane` separates the users of one stream, such as dropout layers. */
export function randomKey(seed: number, stream: Stream, step: number, lane = 0): Key {
  const a = mix(mix(mix(seed ^ 0x9e3779b9) + Math.imul(stream, 0x85ebca6b) + lane) + step);
  return { a, b: mix(a ^ 0xc2b2ae35 ^ step) };
}

/** @returns unsigned 32-bit number `index` of the key's sequence */
export function randomBits(key: Key, index: number): number {
  return mix(mix(index + key.a) ^ key.b);
}

/** @returns uniform in [0, 1), a multiple of 2^-24: exact in float32 too */
export function randomUniform(key: Key, index: number): number {
  return (randomBits(key, index) >>> 8) / 16777216;
}

/** @returns a standard normal number (Box–Muller); uses indices 2·index and 2·index + 1 */
export function randomNormal(key: Key, index: number): number {
  const u = 1 - randomUniform(key, 2 * index);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * randomUniform(key, 2 * index + 1));
}

/** Fisher–Yates. @returns [n] a permutation of 0…n−1 */
export function randomPermutation(key: Key, n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((randomBits(key, i) / 4294967296) * (i + 1));
    const swap = order[i];
    order[i] = order[j];
    order[j] = swap;
  }
  return order;
}
