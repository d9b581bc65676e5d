import type { Sample } from "../../run/events.js";
import { classNamesOf } from "../../run/state/model.js";
import type { ModelState } from "../../run/state/state.js";
import { imagePixels } from "../../util/image-size.js";
import { formatEpoch } from "../format.js";
import { evaluationNote } from "./confusion.js";

export type SamplesMode = "fixed" | "worst" | "uncertain";

export interface SamplesData {
  model: string;
  /** "ten test images, epoch 3" */
  caption: string;
  tiles: SampleTile[];
  /** Said where there are no tiles. */
  empty?: string;
}

export interface SampleTile {
  /** uint8 [784] */
  pixels: Uint8Array;
  truth: string;
  prediction: string;
  right: boolean;
  /** [10] */
  probabilities: number[];
  classNames: readonly string[];
  label: number;
  predicted: number;
}

const titles: Record<SamplesMode, string> = { fixed: "ten test images", worst: "worst mistakes", uncertain: "least certain" };

/** @param back evaluations back from the newest */
export function samplesPanel(model: ModelState | undefined, mode: SamplesMode, back: number): SamplesData {
  const events = mode === "fixed" ? (model?.samples ?? []) : (model?.mistakes ?? []);
  const index = Math.max(0, events.length - 1 - back);
  const event = events[index];
  if (model === undefined || event === undefined) {
    return { model: model?.name ?? "", caption: titles[mode], tiles: [], empty: "waiting for the first evaluation …" };
  }
  const samples = event.type === "samples" ? event.samples : mode === "worst" ? event.worst : event.uncertain;
  return {
    model: model.name,
    caption: `${titles[mode]}, epoch ${formatEpoch(event.epoch)}${evaluationNote(index, events.length)}`,
    tiles: samples.map((sample) => tileOf(sample, model)),
    empty: samples.length === 0 ? "no mistake left" : undefined,
  };
}

export function tileOf(sample: Sample, model: ModelState): SampleTile {
  const classNames = classNamesOf(model);
  return {
    pixels: decodePixels(sample.pixels),
    truth: classNames[sample.label] ?? "?",
    prediction: classNames[sample.prediction] ?? "?",
    right: sample.label === sample.prediction,
    probabilities: sample.probabilities,
    classNames,
    label: sample.label,
    predicted: sample.prediction,
  };
}

const decoded = new Map<string, Uint8Array>();

/** base64 → uint8 [784]; a short or damaged one is padded with background. The newest are kept for the next frame. */
function decodePixels(base64: string): Uint8Array {
  const known = decoded.get(base64);
  if (known !== undefined) return known;
  const pixels = new Uint8Array(imagePixels);
  pixels.set(Buffer.from(base64, "base64").subarray(0, imagePixels));
  if (decoded.size >= 400) decoded.clear();
  decoded.set(base64, pixels);
  return pixels;
}
