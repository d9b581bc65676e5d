import { Chalk } from "chalk";
import type { RunEvent, StartEvent } from "../run/events.js";
import { isHostOnly } from "../run/state/machine.js";
import { datasetText, divergenceText, doneText } from "../run/state/notes.js";
import { meanSpeed, secondsLeft } from "../run/state/progress.js";
import type { ModelState, RunState } from "../run/state/state.js";
import type { RunStore } from "../run/state/store.js";
import { plainText } from "../util/plain-text.js";
import { formatCount, formatDuration, formatEpoch, formatLoss, formatPercent, formatRate, formatSpeed } from "./format.js";
import { gpuLines, hostOnly, machineLines, trainerFigures } from "./panels/device.js";
import type { RunView } from "./run-view.js";
import { summaryLines } from "./summary.js";

interface LinesOptions {
  write(text: string): void;
  /** May escape codes be written? Never into a pipe, never with NO_COLOR. */
  color: "none" | "ansi";
  /** Least training time between two progress lines of one model; 10 s unless told. */
  progressSeconds?: number;
}

/**
 * A run as lines for a log file: device and parameters of each model, the machine's figures once, one line an epoch, a rate-limited progress line, warnings, how each
 * model ended and, on close, the summary. Every line stands for itself and begins with the model's name where there are several.
 */
export function createLines(store: RunStore, options: LinesOptions): RunView {
  const chalk = new Chalk({ level: options.color === "ansi" ? 1 : 0 });
  const progressSeconds = options.progressSeconds ?? 10;
  /** Training time of each model at its newest line. */
  const lastProgress = new Map<string, number>();
  let machineShown = false;
  let closed = false;

  const write = (model: string, text: string) => options.write(`${chalk.bold(model)}  ${text}\n`);

  function show(event: RunEvent, state: RunState, model: ModelState): void {
    const { name, seconds } = model;
    switch (event.type) {
      case "start":
        lastProgress.set(name, seconds);
        for (const text of startLines(model.start!)) write(name, text);
        return;
      case "step": {
        const last = lastProgress.get(name) ?? seconds;
        lastProgress.set(name, last);
        if (seconds - last < progressSeconds) return;
        lastProgress.set(name, seconds);
        write(name, chalk.dim(progressText(model)));
        return;
      }
      case "device":
        if (machineShown || event.gpus === undefined) return;
        machineShown = true;
        for (const { label, text } of machineLines(state)) write(name, `${label}: ${text}${isHostOnly(state) ? ` (${hostOnly})` : ""}`);
        for (const { label, text } of gpuLines(state)) write(name, `${label}: ${text}`);
        return;
      case "epoch":
        lastProgress.set(name, seconds);
        write(name, epochText(model));
        return;
      case "log": {
        const message = plainText(event.message);
        const paint = event.level === "error" ? chalk.red : event.level === "warning" ? chalk.yellow : chalk.reset;
        write(name, event.level === "info" ? message : paint(`${event.level}: ${message}`));
        return;
      }
      case "pause":
        write(name, `paused at step ${formatCount(event.step)}`);
        return;
      case "resume":
        write(name, `goes on at step ${formatCount(event.step)}`);
        return;
      case "done":
        write(name, chalk.green(doneLine(model)));
        return;
      case "error":
        write(name, chalk.red(`error: ${model.error}`));
        return;
      default:
        return;
    }
  }

  const unsubscribe = store.subscribe((state, event) => {
    // The past of a resumed run is no news, and its log has named the machine already.
    if (event === undefined) machineShown ||= state.models.some(({ device }) => device?.gpus !== undefined);
    const model = event && state.models.find(({ name }) => name === plainText(event.model));
    if (model !== undefined) show(event!, state, model);
  });

  return {
    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      unsubscribe();
      const lines = summaryLines(store.state);
      if (lines.length > 0) options.write(`\n${lines.join("\n")}\n`);
    },
  };
}

function startLines(start: StartEvent): string[] {
  const samples = `${formatCount(start.trainSamples)} training and ${formatCount(start.testSamples)} test images`;
  return [
    `device: ${start.device} (engine ${start.engine}, threads ${start.threads})`,
    `data: ${datasetText(start.dataset)}, ${samples}`,
    `model: ${start.preset}, ${formatCount(start.parameters)} parameters`,
    `settings: ${start.optimizer}, learning rate ${formatRate(start.learningRate)}, batch size ${start.batchSize}, ` +
      `${start.epochs} epochs of ${formatCount(start.stepsPerEpoch)} steps${start.step > 0 ? `, resumed at step ${formatCount(start.step)}` : ""}`,
  ];
}

function progressText(model: ModelState): string {
  const { start } = model;
  const epochs = start === undefined ? "" : `/${start.epochs}`;
  const steps = start === undefined ? "" : `/${formatCount(start.epochs * start.stepsPerEpoch)}`;
  const left = secondsLeft(model);
  const figures = trainerFigures(model);
  return (
    `epoch ${formatEpoch(model.epoch)}${epochs}, step ${formatCount(model.step)}${steps}, loss ${formatLoss(model.loss)}, ` +
    `accuracy ${formatPercent(model.accuracy)}, ${formatSpeed(model.imagesPerSecond)} images/s` +
    (figures === undefined ? "" : `, ${figures}`) +
    (left === undefined ? "" : `, ${formatDuration(left)} left`)
  );
}

function epochText(model: ModelState): string {
  const row = model.epochs[model.epochs.length - 1];
  const epochs = model.start === undefined ? "" : `/${model.start.epochs}`;
  return (
    `epoch ${formatEpoch(row.epoch)}${epochs}: loss ${formatLoss(row.loss)}, accuracy ${formatPercent(row.accuracy)}, ` +
    `test loss ${formatLoss(row.testLoss)}, test accuracy ${formatPercent(row.testAccuracy)}${row.best ? " (best)" : ""}, ` +
    `learning rate ${formatRate(row.learningRate)}, ${formatSpeed(row.imagesPerSecond)} images/s, ${formatDuration(row.seconds)}` +
    (model.diverged === undefined ? "" : `, ${divergenceText(model)}`)
  );
}

function doneLine(model: ModelState): string {
  const { done, best, testAccuracy, seconds } = model;
  const speed = meanSpeed(model);
  return [
    doneText(done!),
    ...(testAccuracy === undefined ? [] : [`test accuracy ${formatPercent(testAccuracy)}`]),
    ...(best === undefined ? [] : [`best ${formatPercent(best.accuracy)} (epoch ${formatEpoch(best.epoch)}, chosen on test images)`]),
    ...(speed === undefined ? [] : [`${formatSpeed(speed)} images/s over the whole training`]),
    `${formatDuration(seconds)} of training`,
    ...(model.diverged === undefined ? [] : [divergenceText(model)]),
  ].join(", ");
}
