/** @returns the classes' ordinals, the likeliest first */
export function likeliestFirst(probabilities: readonly number[]): number[] {
  return probabilities.map((_, label) => label).sort((a, b) => probabilities[b] - probabilities[a]);
}

/** @returns the classes that `lines` lines show: all of them in their order where they fit, else the likeliest, the likeliest first */
export function shownClasses(probabilities: readonly number[], lines: number): number[] {
  return lines >= probabilities.length
    ? probabilities.map((_, label) => label)
    : likeliestFirst(probabilities).slice(0, Math.max(0, lines));
}
