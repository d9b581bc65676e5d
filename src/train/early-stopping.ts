/** State of early stopping: numbers alone; the training loop carries out the decision. */
export interface EarlyStopping {
  /** The test accuracy that must be beaten; undefined before the first evaluation. */
  reference?: number;
  /** Evaluations since it was last beaten. */
  waited: number;
}

export const freshEarlyStopping: EarlyStopping = { waited: 0 };

/**
 * @param patience evaluations without improvement before stopping; 0 is never
 * @param minDelta an evaluation improves when it is more than this above the reference
 */
export function observeAccuracy(
  state: EarlyStopping,
  testAccuracy: number,
  { patience, minDelta }: { patience: number; minDelta: number },
): { state: EarlyStopping; stop: boolean } {
  if (state.reference === undefined || testAccuracy > state.reference + minDelta) {
    return { state: { reference: testAccuracy, waited: 0 }, stop: false };
  }
  const waited = state.waited + 1;
  return { state: { reference: state.reference, waited }, stop: patience > 0 && waited >= patience };
}
