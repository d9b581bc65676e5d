import type { Evaluation, Split } from "../engine/engine.js";
import type { Sample } from "../run/events.js";
import { randomKey, randomPermutation, streams } from "../util/random.js";

const sampleCount = 10;
const mistakeCount = 20;
const exampleCount = 40;
/** Evaluations whose predictions are kept for `examples`; 400 kB each on 10,000 test images. */
const keptEvaluations = 60;
const classes = 10;

/** @returns ten indices into the test split, the same for every model and evaluation of a run, in ascending order */
export function sampleIndices(seed: number, testSamples: number): number[] {
  const chosen = randomPermutation(randomKey(seed, streams.samples, 0), testSamples).slice(0, sampleCount);
  return [...chosen.sort()];
}

/** @returns the test images with the network's predictions */
export function samplesAt(indices: readonly number[], test: Split, evaluation: Evaluation): Sample[] {
  return indices.map((index) => ({
    index,
    label: test.labels[index],
    prediction: evaluation.predictions[index],
    probabilities: Array.from(probabilitiesOf(evaluation, index), (value) => Math.round(value * 1e6) / 1e6),
    pixels: Buffer.from(test.images.subarray(index * 784, (index + 1) * 784)).toString("base64"),
  }));
}

/** @returns wrong predictions, the most confident first, and the narrowest decisions, the narrowest first; 20 of each at most */
export function mistakes(test: Split, evaluation: Evaluation): { worst: Sample[]; uncertain: Sample[] } {
  const all = Array.from(test.labels.keys());
  const wrong = all.filter((index) => evaluation.predictions[index] !== test.labels[index]);
  const confidence = (index: number) => probabilitiesOf(evaluation, index)[evaluation.predictions[index]];
  const lead = (index: number) => {
    const [first, second] = [...probabilitiesOf(evaluation, index)].sort((a, b) => b - a);
    return first - second;
  };
  return {
    worst: samplesAt(
      smallest(wrong, (index) => -confidence(index), mistakeCount),
      test,
      evaluation,
    ),
    uncertain: samplesAt(smallest(all, lead, mistakeCount), test, evaluation),
  };
}

/** The newest evaluations' predictions, to show the images behind a cell of the confusion matrix. */
export class EvaluationHistory {
  private readonly kept: { step: number; evaluation: Evaluation }[] = [];

  add(step: number, evaluation: Evaluation): void {
    this.kept.push({ step, evaluation });
    if (this.kept.length > keptEvaluations) this.kept.shift();
  }

  /**
   * @param step of the evaluation; the newest where it is undefined or no longer kept
   * @returns test images of class `label` predicted as `prediction`, 40 at most; undefined before the first evaluation
   */
  examples(
    test: Split,
    cell: { label: number; prediction: number; step?: number },
  ): { step: number; total: number; samples: Sample[] } | undefined {
    const found = this.kept.find((entry) => entry.step === cell.step) ?? this.kept.at(-1);
    if (!found) return undefined;
    const inCell: number[] = [];
    found.evaluation.predictions.forEach((prediction, index) => {
      if (prediction === cell.prediction && test.labels[index] === cell.label) inCell.push(index);
    });
    return { step: found.step, total: inCell.length, samples: samplesAt(inCell.slice(0, exampleCount), test, found.evaluation) };
  }
}

/** @param logits [n] @returns [n] probabilities that sum to 1 */
export function softmax(logits: Float32Array): number[] {
  const top = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function probabilitiesOf({ probabilities }: Evaluation, index: number): Float32Array {
  return probabilities.subarray(index * classes, (index + 1) * classes);
}

/** @returns the `count` indices of least value, in order; the lower index first where values are equal */
function smallest(indices: readonly number[], value: (index: number) => number, count: number): number[] {
  const valued = indices.map((index) => ({ index, value: value(index) }));
  return valued
    .sort((a, b) => a.value - b.value || a.index - b.index)
    .slice(0, count)
    .map(({ index }) => index);
}
