import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { type Curve, curvePoints, lastPoint } from "../run/state/curve.js";
import { accuracyDifference } from "../run/state/difference.js";
import { isHostOnly } from "../run/state/machine.js";
import { ended } from "../run/state/model.js";
import { datasetText, differenceText, divergenceText } from "../run/state/notes.js";
import { allEnded, meanSpeed } from "../run/state/progress.js";
import type { ModelState, RunState } from "../run/state/state.js";
import type { RunStore } from "../run/state/store.js";
import type { CurveName, ModelFigures, Points, RunFigures } from "./run-figures.js";

/**
 * Sends a run to the pages that watch it, over server-sent events: a page gets the whole run when it connects, and differences from
 * then on.
 */

const curveNames = ["loss", "accuracy", "testLoss", "testAccuracy", "learningRate"] as const satisfies readonly CurveName[];
/** Shortest time between two updates. */
const intervalMilliseconds = 400;
/** Unread bytes at which the connection of a browser that does not read is closed, so that it costs no memory. */
const mostUnreadBytes = 4 * 2 ** 20;
const mostViewers = 64;

export class RunFeed {
  private readonly viewers = new Set<ServerResponse>();
  private sent: RunState;
  private timer: NodeJS.Timeout | undefined;
  private readonly unsubscribe: () => void;

  constructor(private readonly store: RunStore) {
    this.sent = store.state;
    this.unsubscribe = store.subscribe(() => {
      this.timer ??= setTimeout(() => this.publish(), intervalMilliseconds).unref();
    });
  }

  /** @returns the whole run as it is now */
  figures(): RunFigures {
    return runFigures(this.store.state, undefined);
  }

  get viewerCount(): number {
    return this.viewers.size;
  }

  /** Sends the run as it is and every change from now on. @param headers further ones of the answer @returns false where there are too many viewers already */
  add(response: ServerResponse, headers: OutgoingHttpHeaders): boolean {
    if (this.viewers.size >= mostViewers) return false;
    response.writeHead(200, { ...headers, "content-type": "text/event-stream", "cache-control": "no-store" });
    // Pages that are connected get their update first: the next one is then a difference from the same state for all pages.
    this.publish();
    response.write(`retry: 2000\n${message("snapshot", this.figures())}`);
    this.viewers.add(response);
    response.on("close", () => this.viewers.delete(response));
    return true;
  }

  close(): void {
    this.unsubscribe();
    this.publish();
    for (const viewer of this.viewers) viewer.end();
    this.viewers.clear();
  }

  private publish(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const [before, now] = [this.sent, this.store.state];
    this.sent = now;
    if (this.viewers.size === 0 || before === now) return;
    const text = isContinuation(before, now) ? message("update", runFigures(now, before)) : message("snapshot", this.figures());
    for (const viewer of this.viewers) {
      if (viewer.writableLength > mostUnreadBytes) viewer.destroy();
      else viewer.write(text);
    }
  }
}

/** @returns whether the curves of `now` only add points to those of `before` */
function isContinuation(before: RunState, now: RunState): boolean {
  return (
    before.run === now.run && before.models.every((model, i) => now.models[i]?.name === model.name && now.models[i].step >= model.step)
  );
}

/** @param before the state that was sent before; its points and pictures are left out */
function runFigures(state: RunState, before: RunState | undefined): RunFigures {
  const { run, models, hostMemory } = state;
  // The trainers measure the machine: after them its figures are no current ones.
  const over = allEnded(state);
  const gpus = over ? [] : (state.gpuReadings ?? []);
  const start = models.find((model) => model.start)?.start;
  return {
    run,
    dataset: start && datasetText(start.dataset),
    models: models.map((model, i) => modelFigures(model, models[0], before?.models[i])),
    hostMemory: { used: over ? undefined : lastPoint(hostMemory.used)?.value, total: hostMemory.total },
    gpus: gpus.length > 0 || isHostOnly(state) ? [...gpus] : undefined,
  };
}

function modelFigures(model: ModelState, first: ModelState, before: ModelState | undefined): ModelFigures {
  const { start, curves } = model;
  const over = ended(model);
  const device = over ? undefined : model.device;
  const difference = accuracyDifference(first, model);
  const evaluation = model.evaluations.at(-1);
  const samples = model.samples.at(-1);
  return {
    name: model.name,
    preset: start?.preset ?? model.name,
    status: model.status,
    error: model.error ?? divergenceText(model),
    epoch: model.epoch,
    epochs: start?.epochs ?? 0,
    step: model.step,
    steps: (start?.epochs ?? 0) * (start?.stepsPerEpoch ?? 0),
    loss: model.loss,
    accuracy: model.accuracy,
    testLoss: model.testLoss,
    testAccuracy: model.testAccuracy,
    best: model.best && { accuracy: model.best.accuracy, epoch: model.best.epoch },
    difference: difference && { ...difference, text: differenceText(difference) },
    learningRate: model.learningRate,
    imagesPerSecond: over ? undefined : model.imagesPerSecond,
    meanImagesPerSecond: meanSpeed(model),
    device: start?.device ?? "",
    parameters: start?.parameters ?? 0,
    hostBytes: device?.hostBytes,
    deviceBytes: device?.deviceBytes,
    cpuPercent: device?.cpuPercent,
    classNames: start?.classNames ?? [],
    ...(evaluation && evaluation !== before?.evaluations.at(-1) && { confusion: evaluation.confusion }),
    ...(samples &&
      samples !== before?.samples.at(-1) && {
        samples: samples.samples.map(({ label, prediction, pixels }) => ({ label, prediction, pixels })),
      }),
    curves: Object.fromEntries(curveNames.map((name) => [name, pointsAfter(curves[name], lastStep(before?.curves[name]))])) as Record<
      CurveName,
      Points
    >,
  };
}

function lastStep(curve: Curve | undefined): number {
  return curve && curve.length > 0 ? (curvePoints(curve).at(-1)?.step ?? -1) : -1;
}

function pointsAfter(curve: Curve, step: number): Points {
  const points = curvePoints(curve).filter((point) => point.step > step);
  return { epoch: points.map((point) => round(point.epoch)), value: points.map((point) => round(point.value)) };
}

/** @returns the value with six significant digits, more than any screen shows */
function round(value: number): number {
  return Number(value.toPrecision(6));
}

function message(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
