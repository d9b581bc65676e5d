import type {
  DeviceEvent,
  DoneEvent,
  EvalEvent,
  ExamplesEvent,
  LayersEvent,
  MistakesEvent,
  PredictionEvent,
  RunEvent,
  SamplesEvent,
  StartEvent,
  StepEvent,
} from "../run/events.js";
import { appendPoint, type Curve, emptyCurve, lastPoint, truncateCurve } from "./curve.js";
import { plainText } from "./text.js";

/**
 * What a run's events add up to. Every view (dashboard, lines, web page, report) is a function of this state. Memory is bounded:
 * curves are merged beyond a cap, histories and the log keep their newest entries.
 */
export interface RunState {
  run: string;
  /** In order of first appearance. */
  models: readonly ModelState[];
  /** Newest last, at most `logLimit`. */
  log: readonly LogLine[];
  /** The machine's, in its order; empty where none was reported. */
  gpus: readonly GpuState[];
  /** The machine's memory in bytes, as a curve over wall-clock time. */
  hostMemory: { total: number; used: Curve };
  /** Time of the first and of the newest event, ms since the Unix epoch; 0 before the first. */
  started: number;
  now: number;
}

/** Curves over wall-clock seconds since the run's first event. Memory in bytes, utilization in %, temperature in °C, power in W. */
export interface GpuState {
  name: string;
  memoryTotal: number;
  memory: Curve;
  utilization: Curve;
  temperature: Curve;
  power: Curve;
}

export type ModelStatus = "starting" | "training" | "paused" | "done" | "failed";

export interface ModelState {
  name: string;
  start?: StartEvent;
  status: ModelStatus;
  done?: DoneEvent;
  /** One sentence, where the status is failed. */
  error?: string;
  epoch: number;
  step: number;
  /** Training time in seconds without pauses, up to the newest event. */
  seconds: number;
  /** The newest values; undefined before the first. May be NaN where training diverged. */
  loss?: number;
  accuracy?: number;
  testLoss?: number;
  testAccuracy?: number;
  learningRate?: number;
  imagesPerSecond?: number;
  batchesPerSecond?: number;
  best?: { accuracy: number; epoch: number; step: number };
  curves: Curves;
  /** Oldest first. */
  epochs: readonly EpochRow[];
  evaluations: readonly Evaluated[];
  samples: readonly SamplesEvent[];
  mistakes: readonly MistakesEvent[];
  layers?: LayersEvent;
  device?: DeviceEvent;
  /** The newest answers to the dashboard's questions. */
  prediction?: PredictionEvent;
  examples?: ExamplesEvent;
  /** Training time before `since`, and when the clock was last started (ms); undefined while it stands. */
  clock: { before: number; since?: number };
  /** Where the newest start or resume began; what pace is measured from. */
  origin: { step: number; seconds: number };
}

export interface Curves {
  loss: Curve;
  accuracy: Curve;
  testLoss: Curve;
  testAccuracy: Curve;
  learningRate: Curve;
  imagesPerSecond: Curve;
  /** Bytes. */
  hostMemory: Curve;
  deviceMemory: Curve;
  /** 100 is one core. */
  cpu: Curve;
  weightNorm: Curve;
}

export interface EpochRow {
  epoch: number;
  step: number;
  loss: number;
  accuracy: number;
  testLoss: number;
  testAccuracy: number;
  learningRate: number;
  imagesPerSecond: number;
  /** Training time of the epoch. */
  seconds: number;
  best: boolean;
}

export interface Evaluated {
  epoch: number;
  step: number;
  /** Training time when it was made. */
  seconds: number;
  testLoss: number;
  testAccuracy: number;
  confusion: number[][];
}

export interface LogLine {
  time: number;
  model: string;
  level: "info" | "warning" | "error";
  message: string;
}

export const logLimit = 500;
const historyLimit = 400;
const imageHistoryLimit = 60;

export function initialState(): RunState {
  return { run: "", models: [], log: [], gpus: [], hostMemory: { total: 0, used: emptyCurve }, started: 0, now: 0 };
}

/**
 * Pure: the state after one more event. An event of an unknown type changes nothing, so that older programs can watch newer runs.
 * Amortized constant time; a run of 20,000 events a model takes well under a second.
 */
export function reduce(state: RunState, event: RunEvent): RunState {
  const name = plainText(event.model);
  const index = state.models.findIndex((model) => model.name === name);
  const before = index < 0 ? newModel(name) : state.models[index];
  const time = finite(event.time) ?? state.now;
  const after = reduceModel({ ...before, seconds: secondsAt(before, time) }, event, time);
  const models = index < 0 ? [...state.models, after] : state.models.with(index, after);
  const note = noteOf(event, name, time);
  const machine = event.type === "device" ? measured(state, event, time) : state;
  return {
    gpus: machine.gpus,
    hostMemory: machine.hostMemory,
    run: state.run || plainText(event.run),
    models,
    log: note === undefined ? state.log : appendBounded(state.log, note, logLimit),
    started: state.started || time,
    now: Math.max(state.now, time),
  };
}

/** A line for the log that no trainer wrote: what the dashboard itself has to say, or what something printed. */
export function withNote(state: RunState, level: LogLine["level"], message: string, time: number): RunState {
  return { ...state, log: appendBounded(state.log, { time, model: "", level, message: plainText(message) }, logLimit) };
}

/** @returns the number, or undefined for null, NaN and infinities (JSON has none of them) */
export function finite(value: number | null | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A model that will not take another step. */
export function ended(model: ModelState): boolean {
  return model.status === "done" || model.status === "failed";
}

function newModel(name: string): ModelState {
  return {
    name,
    status: "starting",
    epoch: 0,
    step: 0,
    seconds: 0,
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
    clock: { before: 0 },
    origin: { step: 0, seconds: 0 },
  };
}

function secondsAt(model: ModelState, time: number): number {
  const { before, since } = model.clock;
  return since === undefined ? before : Math.max(before, before + (time - since) / 1000);
}

function reduceModel(model: ModelState, event: RunEvent, time: number): ModelState {
  switch (event.type) {
    case "start":
      return started(model, event, time);
    case "step":
      return stepped(model, event);
    case "eval":
      return evaluated(model, event);
    case "epoch": {
      const row: EpochRow = {
        epoch: event.epoch,
        step: event.step,
        loss: number(event.loss),
        accuracy: number(event.accuracy),
        testLoss: number(event.testLoss),
        testAccuracy: number(event.testAccuracy),
        learningRate: number(event.learningRate),
        imagesPerSecond: number(event.imagesPerSecond),
        seconds: number(event.seconds),
        best: event.best,
      };
      return { ...progressed(model, event), epochs: appendBounded(model.epochs, row, historyLimit) };
    }
    case "samples":
      return { ...model, samples: appendBounded(model.samples, event, imageHistoryLimit) };
    case "mistakes":
      return { ...model, mistakes: appendBounded(model.mistakes, event, imageHistoryLimit) };
    case "layers": {
      const norm = Math.hypot(...event.layers.map((layer) => finite(layer.weightNorm) ?? 0));
      const weightNorm = appendPoint(model.curves.weightNorm, { ...placeOf(model, event), value: norm });
      return { ...model, layers: event, curves: { ...model.curves, weightNorm } };
    }
    case "device": {
      const place = placeOf(model, model);
      const curves = {
        ...model.curves,
        hostMemory: appendPoint(model.curves.hostMemory, { ...place, value: number(event.hostBytes) }),
        deviceMemory: appendPoint(model.curves.deviceMemory, { ...place, value: number(event.deviceBytes) }),
        cpu: appendPoint(model.curves.cpu, { ...place, value: number(event.cpuPercent) }),
      };
      return { ...model, device: event, curves };
    }
    case "pause":
      return ended(model) ? model : { ...model, status: "paused", clock: { before: model.seconds } };
    case "resume":
      return ended(model) ? model : { ...model, status: "training", clock: { before: model.seconds, since: time } };
    case "done":
      return { ...progressed(model, event), status: "done", done: event, clock: { before: model.seconds } };
    case "error":
      return { ...model, status: "failed", error: plainText(event.message), clock: { before: model.seconds } };
    case "prediction":
      return { ...model, prediction: event };
    case "examples":
      return { ...model, examples: event };
    default:
      return model;
  }
}

/** A resumed run goes on from its checkpoint: what was measured after it will be measured again. */
function started(model: ModelState, event: StartEvent, time: number): ModelState {
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
  const before = lastPoint(curves.loss)?.seconds ?? 0;
  const latest = evaluations.at(-1);
  return {
    ...model,
    start,
    status: "training",
    done: undefined,
    error: undefined,
    step,
    epoch: event.stepsPerEpoch > 0 ? step / event.stepsPerEpoch : 0,
    seconds: before,
    learningRate: finite(event.learningRate),
    loss: lastPoint(curves.loss)?.value,
    accuracy: lastPoint(curves.accuracy)?.value,
    testLoss: latest?.testLoss,
    testAccuracy: latest?.testAccuracy,
    best: bestOf(evaluations),
    curves,
    epochs: upTo(model.epochs),
    evaluations,
    samples: upTo(model.samples),
    mistakes: upTo(model.mistakes),
    clock: { before, since: time },
    origin: { step, seconds: before },
  };
}

function stepped(model: ModelState, event: StepEvent): ModelState {
  const place = placeOf(model, event);
  const { curves } = model;
  return {
    ...progressed(model, event),
    status: model.status === "starting" ? "training" : model.status,
    loss: number(event.loss),
    accuracy: number(event.accuracy),
    learningRate: number(event.learningRate),
    imagesPerSecond: number(event.imagesPerSecond),
    batchesPerSecond: number(event.batchesPerSecond),
    curves: {
      ...curves,
      loss: appendPoint(curves.loss, { ...place, value: number(event.loss) }),
      accuracy: appendPoint(curves.accuracy, { ...place, value: number(event.accuracy) }),
      learningRate: appendPoint(curves.learningRate, { ...place, value: number(event.learningRate) }),
      imagesPerSecond: appendPoint(curves.imagesPerSecond, { ...place, value: number(event.imagesPerSecond) }),
    },
  };
}

function evaluated(model: ModelState, event: EvalEvent): ModelState {
  const place = placeOf(model, event);
  const { curves } = model;
  const entry: Evaluated = {
    epoch: event.epoch,
    step: event.step,
    seconds: place.seconds,
    testLoss: number(event.testLoss),
    testAccuracy: number(event.testAccuracy),
    confusion: event.confusion,
  };
  const evaluations = appendBounded(model.evaluations, entry, historyLimit);
  return {
    ...progressed(model, event),
    testLoss: entry.testLoss,
    testAccuracy: entry.testAccuracy,
    best: better(model.best, entry),
    evaluations,
    curves: {
      ...curves,
      testLoss: appendPoint(curves.testLoss, { ...place, value: entry.testLoss }),
      testAccuracy: appendPoint(curves.testAccuracy, { ...place, value: entry.testAccuracy }),
    },
  };
}

function progressed(model: ModelState, event: { epoch: number; step: number }): ModelState {
  return { ...model, epoch: finite(event.epoch) ?? model.epoch, step: finite(event.step) ?? model.step };
}

function placeOf(model: ModelState, event: { epoch: number; step: number }): { step: number; epoch: number; seconds: number } {
  return { step: finite(event.step) ?? model.step, epoch: finite(event.epoch) ?? model.epoch, seconds: model.seconds };
}

function better(best: ModelState["best"], entry: Evaluated): ModelState["best"] {
  if (!Number.isFinite(entry.testAccuracy) || (best !== undefined && best.accuracy >= entry.testAccuracy)) return best;
  return { accuracy: entry.testAccuracy, epoch: entry.epoch, step: entry.step };
}

function bestOf(evaluations: readonly Evaluated[]): ModelState["best"] {
  return evaluations.reduce<ModelState["best"]>(better, undefined);
}

/** null (JSON's word for NaN) and undefined become NaN. */
function number(value: number | null | undefined): number {
  return typeof value === "number" ? value : Number.NaN;
}

function appendBounded<Item>(items: readonly Item[], item: Item, limit: number): readonly Item[] {
  return items.length < limit ? [...items, item] : [...items.slice(items.length - limit + 1), item];
}

/** Several trainers report the same GPUs and the same machine; one point in half a second is enough. */
function measured(state: RunState, event: DeviceEvent, time: number): Pick<RunState, "gpus" | "hostMemory"> {
  const seconds = (time - (state.started || time)) / 1000;
  const add = (curve: Curve, value: number | undefined): Curve => {
    const last = lastPoint(curve);
    if (last !== undefined && seconds - last.seconds < 0.5) return curve;
    return appendPoint(curve, { step: seconds, epoch: seconds, seconds, value: number(value) });
  };
  const gpus = event.gpus?.map((gpu, index): GpuState => {
    const before = state.gpus[index] ?? { memory: emptyCurve, utilization: emptyCurve, temperature: emptyCurve, power: emptyCurve };
    return {
      name: plainText(gpu.name),
      memoryTotal: finite(gpu.memoryTotal) ?? 0,
      memory: add(before.memory, gpu.memoryUsed),
      utilization: add(before.utilization, gpu.utilization),
      temperature: add(before.temperature, gpu.temperature),
      power: add(before.power, gpu.power),
    };
  });
  const { machine } = event;
  const hostMemory =
    machine === undefined ? state.hostMemory : { total: machine.memoryTotal, used: add(state.hostMemory.used, machine.memoryUsed) };
  return { gpus: gpus ?? state.gpus, hostMemory };
}

/** What the log panel says about an event. */
function noteOf(event: RunEvent, model: string, time: number): LogLine | undefined {
  const note = (level: LogLine["level"], message: string): LogLine => ({ time, model, level, message: plainText(message) });
  switch (event.type) {
    case "start":
      return note("info", event.step > 0 ? `resumes at step ${event.step} on ${event.device}` : `trains on ${event.device}`);
    case "log":
      return note(event.level, event.message);
    case "checkpoint":
      // The one at every epoch's end goes without saying.
      return event.kind === "last" && Number.isInteger(event.epoch)
        ? undefined
        : note("info", `saved ${event.kind} checkpoint, epoch ${Number(event.epoch.toFixed(2))}`);
    case "pause":
      return note("info", `paused at step ${event.step}`);
    case "resume":
      return note("info", `goes on at step ${event.step}`);
    case "done":
      return note("info", doneText(event));
    case "error":
      return note("error", event.message);
    default:
      return undefined;
  }
}

/** "completed", "stopped early: no more improvement", … */
export function doneText(event: DoneEvent): string {
  const reasons: Record<DoneEvent["reason"], string> = {
    completed: "completed",
    "early-stop": "stopped early, no more improvement",
    stopped: "stopped, best kept",
    interrupted: "interrupted, can be resumed",
  };
  return reasons[event.reason] ?? plainText(event.reason);
}
