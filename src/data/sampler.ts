import { randomKey, randomPermutation, streams } from "../util/random.js";

/**
 * The order in which an epoch visits the training split, each sample once.
 * @param epoch 0-based
 * @param n samples in the training split
 * @returns [n] a permutation of 0…n−1, a pure function of (seed, epoch, n)
 */
export function epochOrder(seed: number, epoch: number, n: number): Uint32Array {
  return randomPermutation(randomKey(seed, streams.shuffle, epoch), n);
}
