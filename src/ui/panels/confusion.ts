import type { Sample } from "../../run/events.js";
import { classNamesOf } from "../../run/state/model.js";
import type { ModelState } from "../../run/state/state.js";
import { formatEpoch, formatPercent } from "../format.js";

export interface ConfusionData {
  model: string;
  classNames: readonly string[];
  /** Rows true, columns predicted. */
  cells: ConfusionCell[][];
  unit: "count" | "percent";
  /** "epoch 3, 98.12 % right, evaluation 3 of 5" */
  caption: string;
  /** The most frequent confusions in words, the most frequent first; at most five. */
  worst: string[];
  selected: { row: number; column: number; text: string };
  /** Test images in the selected cell, where some are known. */
  examples: { samples: Sample[]; total: number; note: string };
}

interface ConfusionCell {
  text: string;
  /** Fraction of the row, in [0, 1], shown as a colour. */
  share: number;
  kind: "right" | "wrong";
}

interface ConfusionOptions {
  row: number;
  column: number;
  unit: "count" | "percent";
  /** Evaluations back from the newest. */
  back: number;
}

/** @returns undefined before the first evaluation */
export function confusionPanel(model: ModelState | undefined, options: ConfusionOptions): ConfusionData | undefined {
  const count = model?.evaluations.length ?? 0;
  if (model === undefined || count === 0) return undefined;
  const index = Math.max(0, count - 1 - options.back);
  const evaluation = model.evaluations[index];
  const { confusion } = evaluation;
  const classNames = classNamesOf(model);
  const cells = confusion.map((row, label) => {
    const total = row.reduce((sum, value) => sum + value, 0);
    return row.map((value, prediction): ConfusionCell => {
      const share = total > 0 ? value / total : 0;
      return { text: options.unit === "count" ? String(value) : percent(share), share, kind: label === prediction ? "right" : "wrong" };
    });
  });
  const { row, column } = options;
  const selectedCount = confusion[row]?.[column] ?? 0;
  return {
    model: model.name,
    classNames,
    cells,
    unit: options.unit,
    caption: `epoch ${formatEpoch(evaluation.epoch)}, ${formatPercent(evaluation.testAccuracy)} right${evaluationNote(index, count)}`,
    worst: worstPairs(confusion, classNames),
    selected: {
      row,
      column,
      text: `${selectedCount} of class ${classNames[row]} ${row === column ? "rightly " : ""}read as ${classNames[column]}`,
    },
    examples: examplesOf(model, row, column, evaluation.step, selectedCount),
  };
}

/** "12 times a 4 was read as 9"; nothing where nothing is confused. */
export function worstPairs(confusion: number[][], classNames: readonly string[]): string[] {
  const pairs = confusion.flatMap((row, label) => row.map((count, prediction) => ({ count, label, prediction })));
  return pairs
    .filter((pair) => pair.label !== pair.prediction && pair.count > 0)
    .sort((a, b) => b.count - a.count || a.label - b.label || a.prediction - b.prediction)
    .slice(0, 5)
    .map(({ count, label, prediction }) => `${count}× ${classNames[label]} read as ${classNames[prediction]}`);
}

/** ", evaluation 3 of 5"; nothing for the newest. */
export function evaluationNote(index: number, count: number): string {
  return index === count - 1 ? "" : `, evaluation ${index + 1} of ${count}`;
}

function percent(share: number): string {
  if (share === 0) return "0";
  return share >= 0.9995 ? "100" : (share * 100).toFixed(1);
}

/** The trainer's answer where it fits, else those of the sample events that fall into the cell (a replayed run has no trainer to ask). */
function examplesOf(model: ModelState, row: number, column: number, step: number, total: number): ConfusionData["examples"] {
  const answer = model.examples;
  if (answer !== undefined && answer.label === row && answer.prediction === column && answer.step === step) {
    return { samples: answer.samples, total: answer.total, note: "" };
  }
  const known = new Map<number, Sample>();
  for (const event of [...model.samples, ...model.mistakes].filter((entry) => entry.step === step)) {
    const samples = event.type === "samples" ? event.samples : [...event.worst, ...event.uncertain];
    for (const sample of samples) if (sample.label === row && sample.prediction === column) known.set(sample.index, sample);
  }
  return { samples: [...known.values()], total, note: known.size > 0 || total === 0 ? "" : "their images are not at hand" };
}
