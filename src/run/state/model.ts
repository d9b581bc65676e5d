import { classes } from "../../model/logits.js";
import { plainText } from "../../util/plain-text.js";
import type { EvalEvent, RunEvent, StartEvent, StepEvent } from "../events.js";
import { appendPoint, type CurvePoint, emptyCurve, lastPoint, truncateCurve } from "./curve.js";
import { finite, numberOrNaN } from "./numbers.js";
import type { Curves, EpochRow, Evaluation, ModelState } from "./state.js";

const historyLimit = 400;
const imageHistoryLimit = 60;

/** A model that will not take another step. */
export function ended(model: ModelState): boolean {
  return model.status === "done" || model.status === "failed";
}

/** @returns the ten classes' names; their ordinals before the start is known */
export function classNamesOf(model: ModelState): readonly string[] {
  return model.start?.classNames ?? Array.from({ length: classes }, (_, label) => String(label));
}

/** A model that has a name and no event yet. */
export function newModel(name: string): ModelState {
  return {
    name,
    status: "starting",
    epoch: 0,
    step: 0,
    seconds: 0,
    evaluationSeconds: 0,
    curves: {
      loss: emptyCurve,
      accuracy: emptyCurve,
      testLoss: emptyCurve,
      testAccuracy: emptyCurve,
      learningRate: emptyCurve,
      imagesPerSecond: emptyCurve,
      hostMemory: emptyCurve,
      deviceMemory: emptyCurve,
      cpu: emptyCurve,
      weightNorm: emptyCurve,
    },
    epochs: [],
    evaluations: [],
    samples: [],
    mistakes: [],
    origin: { step: 0, seconds: 0, elapsed: 0 },
  };
}

/** @returns seconds of training and evaluating since the newest start or resume */
export function workSeconds({ seconds, evaluationSeconds, origin }: ModelState): number {
  return seconds - origin.seconds + evaluationSeconds;
}

/** Pure: the model after one of its events. @param elapsed the run's time before it, in seconds */
export function reduceModel(model: ModelState, event: RunEvent, elapsed: number): ModelState {
  switch (event.type) {
    case "start":
      return started(model, event, elapsed);
    case "step":
      return stepped(model, event);
    case "eval":
      return evaluated(model, event);
    case "epoch": {
      const row: EpochRow = {
        epoch: event.epoch,
        step: event.step,
        loss: numberOrNaN(event.loss),
        accuracy: numberOrNaN(event.accuracy),
        testLoss: numberOrNaN(event.testLoss),
        testAccuracy: numberOrNaN(event.testAccuracy),
        learningRate: numberOrNaN(event.learningRate),
        imagesPerSecond: numberOrNaN(event.imagesPerSecond),
        seconds: numberOrNaN(event.seconds),
        best: event.best && isMeasured(event),
      };
      return { ...progressed(model, event), epochs: appendBounded(model.epochs, row, historyLimit) };
    }
    case "samples":
      return { ...model, samples: appendBounded(model.samples, event, imageHistoryLimit) };
    case "mistakes":
      return { ...model, mistakes: appendBounded(model.mistakes, event, imageHistoryLimit) };
    case "layers": {
      const norm = Math.hypot(...event.layers.map((layer) => finite(layer.weightNorm) ?? 0));
      const weightNorm = appendPoint(model.curves.weightNorm, { ...positionOf(model, event), value: norm });
      return { ...model, layers: event, curves: { ...model.curves, weightNorm } };
    }
    case "device": {
      const position = positionOf(model, model);
      const curves = {
        ...model.curves,
        hostMemory: appendPoint(model.curves.hostMemory, { ...position, value: numberOrNaN(event.hostBytes) }),
        deviceMemory: appendPoint(model.curves.deviceMemory, { ...position, value: numberOrNaN(event.deviceBytes) }),
        cpu: appendPoint(model.curves.cpu, { ...position, value: numberOrNaN(event.cpuPercent) }),
      };
      return { ...model, device: event, curves };
    }
    case "pause":
      return ended(model) ? model : { ...model, status: "paused" };
    case "resume":
      return ended(model) ? model : { ...model, status: "training" };
    case "done":
      return { ...progressed(model, event), status: "done", done: event, seconds: finite(event.seconds) ?? model.seconds };
    case "error":
      return { ...model, status: "failed", error: plainText(event.message) };
    case "prediction":
      return { ...model, prediction: event };
    case "examples":
      return { ...model, examples: event };
    default:
      return model;
  }
}

/** A resumed run goes on from its checkpoint: its steps are measured anew. */
function started(model: ModelState, event: StartEvent, elapsed: number): ModelState {
  const start: StartEvent = {
    ...event,
    preset: plainText(event.preset),
    device: plainText(event.device),
    engine: plainText(event.engine),
    dataset: plainText(event.dataset),
    optimizer: plainText(event.optimizer),
    classNames: event.classNames.map(plainText),
  };
  const step = finite(event.step) ?? 0;
  const curves = Object.fromEntries(
    Object.entries(model.curves).map(([key, curve]) => [key, truncateCurve(curve, step)]),
  ) as unknown as Curves;
  const upTo = <Row extends { step: number }>(rows: readonly Row[]) => rows.filter((row) => row.step <= step);
  const evaluations = upTo(model.evaluations);
  const seconds = lastPoint(curves.loss)?.seconds ?? 0;
  const latest = evaluations.at(-1);
  return {
    ...model,
    start,
    status: "training",
    done: undefined,
    error: undefined,
    diverged: model.diverged !== undefined && model.diverged <= step ? model.diverged : undefined,
    step,
    epoch: event.stepsPerEpoch > 0 ? step / event.stepsPerEpoch : 0,
    seconds,
    evaluationSeconds: 0,
    learningRate: finite(event.learningRate),
    loss: lastPoint(curves.loss)?.value,
    accuracy: lastPoint(curves.accuracy)?.value,
    testLoss: latest?.testLoss,
    testAccuracy: latest?.testAccuracy,
    imagesPerSecond: undefined,
    batchesPerSecond: undefined,
    device: undefined,
    best: bestOf(evaluations),
    curves,
    epochs: upTo(model.epochs),
    evaluations,
    samples: upTo(model.samples),
    mistakes: upTo(model.mistakes),
    origin: { step, seconds, elapsed },
  };
}

function stepped(before: ModelState, event: StepEvent): ModelState {
  const model = { ...before, seconds: secondsAfter(before, event) };
  const position = positionOf(model, event);
  const { curves } = model;
  return {
    ...progressed(model, event),
    status: model.status === "starting" ? "training" : model.status,
    loss: numberOrNaN(event.loss),
    diverged: divergedBy(model, event.loss, event.step),
    accuracy: numberOrNaN(event.accuracy),
    learningRate: numberOrNaN(event.learningRate),
    imagesPerSecond: numberOrNaN(event.imagesPerSecond),
    batchesPerSecond: numberOrNaN(event.batchesPerSecond),
    curves: {
      ...curves,
      loss: appendPoint(curves.loss, { ...position, value: numberOrNaN(event.loss) }),
      accuracy: appendPoint(curves.accuracy, { ...position, value: numberOrNaN(event.accuracy) }),
      learningRate: appendPoint(curves.learningRate, { ...position, value: numberOrNaN(event.learningRate) }),
      imagesPerSecond: appendPoint(curves.imagesPerSecond, { ...position, value: numberOrNaN(event.imagesPerSecond) }),
    },
  };
}

/** @returns the training time at the event's end; where an earlier version did not write it, the time of the event's steps is added */
function secondsAfter(model: ModelState, event: StepEvent): number {
  const told = finite(event.seconds);
  if (told !== undefined) return Math.max(model.seconds, told);
  const steps = (finite(event.step) ?? model.step) - model.step;
  return steps > 0 && event.batchesPerSecond > 0 ? model.seconds + steps / event.batchesPerSecond : model.seconds;
}

function evaluated(model: ModelState, event: EvalEvent): ModelState {
  const position = positionOf(model, event);
  const { curves } = model;
  const entry: Evaluation = {
    epoch: event.epoch,
    step: event.step,
    seconds: position.seconds,
    testLoss: numberOrNaN(event.testLoss),
    testAccuracy: numberOrNaN(event.testAccuracy),
    confusion: event.confusion,
    wrong: event.wrong,
  };
  const evaluations = appendBounded(model.evaluations, entry, historyLimit);
  return {
    ...progressed(model, event),
    evaluationSeconds: model.evaluationSeconds + Math.max(0, finite(event.seconds) ?? 0),
    testLoss: entry.testLoss,
    diverged: divergedBy(model, entry.testLoss, event.step),
    testAccuracy: entry.testAccuracy,
    best: better(model.best, entry),
    evaluations,
    curves: {
      ...curves,
      testLoss: appendPoint(curves.testLoss, { ...position, value: entry.testLoss }),
      testAccuracy: appendPoint(curves.testAccuracy, { ...position, value: entry.testAccuracy }),
    },
  };
}

function progressed(model: ModelState, event: { epoch: number; step: number }): ModelState {
  return { ...model, epoch: finite(event.epoch) ?? model.epoch, step: finite(event.step) ?? model.step };
}

/** @returns where a value of the event stands on the curves' x axes */
function positionOf(model: ModelState, event: { epoch: number; step: number }): Omit<CurvePoint, "value"> {
  return { step: finite(event.step) ?? model.step, epoch: finite(event.epoch) ?? model.epoch, seconds: model.seconds };
}

/** @returns whether an evaluation has figures: a network that diverged has none, and cannot be the best */
function isMeasured({ testLoss, testAccuracy }: { testLoss: number; testAccuracy: number }): boolean {
  return Number.isFinite(testLoss) && Number.isFinite(testAccuracy);
}

function divergedBy(model: ModelState, loss: number | null, step: number): number | undefined {
  return model.diverged ?? (finite(loss) === undefined ? step : undefined);
}

function better(best: ModelState["best"], entry: Evaluation): ModelState["best"] {
  if (!isMeasured(entry) || (best !== undefined && best.accuracy >= entry.testAccuracy)) return best;
  return { accuracy: entry.testAccuracy, epoch: entry.epoch, step: entry.step };
}

function bestOf(evaluations: readonly Evaluation[]): ModelState["best"] {
  return evaluations.reduce<ModelState["best"]>(better, undefined);
}

/** The newest `limit` items. */
export function appendBounded<Item>(items: readonly Item[], item: Item, limit: number): readonly Item[] {
  return items.length < limit ? [...items, item] : [...items.slice(items.length - limit + 1), item];
}
