import type { ModelConfig } from "../config/types.js";
import type { Session, Split, State } from "../engine/engine.js";
import type { Model } from "../model/model.js";
import type { DoneEvent, RunEvent, TrainerCommand } from "../run/events.js";
import { UserError } from "../util/errors.js";
import { ChunkPlanner, chunkSteps, stepsPerEpoch } from "./chunks.js";
import type { CommandQueue } from "./commands.js";
import { observeAccuracy } from "./early-stopping.js";
import { layerStatistics } from "./layer-statistics.js";
import { accuracyOf, addSteps, confusionMatrix, emptySums, isBetter, means } from "./metrics.js";
import type { Progress } from "./progress.js";
import { EvaluationHistory, mistakes, sampleIndices, samplesAt, softmax } from "./samples.js";
import { learningRateAt, type ScheduleRun } from "./schedule.js";

/** An event before it knows its run, model and time. */
export type Said = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, "run" | "model" | "time"> : never) : never;

interface LoopOptions {
  config: ModelConfig;
  model: Model;
  seed: number;
  session: Session;
  trainSamples: number;
  test: Split;
  /** Where to begin; the session holds the weights that belong to it. */
  progress: Progress;
  /** The layers' statistics there. */
  layers: ReturnType<typeof layerStatistics>;
  commands: CommandQueue;
  emit(event: Said): void;
  /** Stores a checkpoint and returns its path. */
  save(kind: "best" | "last", state: State, progress: Progress): Promise<string>;
}

/** The most training that a crash can cost: `last` is saved after this time even without an evaluation. */
const saveEveryMilliseconds = 60_000;

/**
 * Trains one model: decides on the next chunk, evaluation or checkpoint, lets the session do it, emits its events. Time is measured and reported but
 * decides nothing about the numbers, so a run is a function of its configuration, however it is cut, paused or resumed.
 */
export class TrainingLoop {
  private progress: Progress;
  private readonly perEpoch: number;
  private readonly schedule: ScheduleRun;
  private readonly planner: ChunkPlanner;
  private readonly samples: number[];
  private readonly history = new EvaluationHistory();
  private steps = 0;
  private millisecondsPerStep = 0;
  private savedAt = performance.now();

  constructor(private readonly options: LoopOptions) {
    const { config, seed, trainSamples, test, progress } = options;
    this.progress = progress;
    this.perEpoch = stepsPerEpoch(trainSamples, config.batchSize);
    const { epochs, batchSize, augment, learningRate } = config;
    this.schedule = { config: config.schedule, learningRate, stepsPerEpoch: this.perEpoch, epochs };
    this.planner = new ChunkPlanner({ seed, samples: trainSamples, batchSize, augment, schedule: this.schedule });
    this.samples = sampleIndices(seed, test.labels.length);
  }

  /** Trains until all epochs are done, early stopping, or a stop command. @throws UserError where the loss is no number any more */
  async run(): Promise<DoneEvent["reason"]> {
    const { config, emit, session } = this.options;
    emit({ type: "layers", ...this.place(), ...this.options.layers });
    for (;;) {
      const stop = await this.obey();
      if (stop) return this.end(stop);
      if (this.progress.step === (this.progress.epochs + 1) * this.perEpoch) {
        const finished = await this.evaluate();
        if (finished) return this.end(finished);
      } else if (this.progress.epochs >= config.epochs) {
        this.progress = { ...this.progress, finished: "completed" };
        await this.save("last", session.read());
        return this.end("completed");
      } else {
        await this.trainChunk();
        if (performance.now() - this.savedAt > saveEveryMilliseconds) await this.save("last", session.read());
      }
    }
  }

  /** After the end: the trained model answers the parent's questions until there are no more. */
  async answerUntilStopped(): Promise<void> {
    for (;;) {
      const command = await this.options.commands.next();
      if (command.type === "stop") return;
      if (command.type === "predict" || command.type === "examples") await this.answer(command);
    }
  }

  /** Carries out the commands that have come in; while paused, waits for more. @returns why to stop, where that was asked for */
  private async obey(): Promise<"stopped" | "interrupted" | undefined> {
    const { commands, emit } = this.options;
    let paused = false;
    for (;;) {
      const command = paused ? await commands.next() : commands.take();
      if (!command) return undefined;
      if (command.type === "stop") return command.reason;
      if (command.type === "pause" && !paused) {
        paused = true;
        emit({ type: "pause", step: this.progress.step });
      } else if (command.type === "resume" && paused) {
        paused = false;
        emit({ type: "resume", step: this.progress.step });
      } else {
        await this.answer(command);
      }
    }
  }

  private async answer(command: TrainerCommand): Promise<void> {
    const { emit, session, test } = this.options;
    switch (command.type) {
      case "checkpoint":
        await this.save("last", session.read());
        return;
      case "learningRate": {
        const factor = this.progress.learningRateFactor * command.factor;
        if (!(factor > 0 && Number.isFinite(factor))) return;
        this.progress = { ...this.progress, learningRateFactor: factor };
        emit({
          type: "log",
          level: "info",
          message: `From step ${this.progress.step} on, the learning rate is ${short(factor)} times the schedule's.`,
        });
        return;
      }
      case "predict": {
        const pixels = Buffer.from(command.pixels, "base64");
        if (pixels.length !== 784) return;
        const logits = await session.predict(Float32Array.from(pixels, (pixel) => pixel / 255));
        emit({ type: "prediction", id: command.id, probabilities: softmax(logits) });
        return;
      }
      case "examples": {
        const { id, label, prediction, step } = command;
        const found = this.history.examples(test, { label, prediction, step }) ?? { step: this.progress.step, total: 0, samples: [] };
        emit({ type: "examples", id, label, prediction, ...found });
        return;
      }
    }
  }

  private async trainChunk(): Promise<void> {
    const { config, session, emit } = this.options;
    const { step, learningRateFactor } = this.progress;
    const wanted = chunkSteps(this.steps, this.millisecondsPerStep);
    const chunk = this.planner.chunk(step, wanted, learningRateFactor);
    const steps = chunk.learningRates.length;
    const began = performance.now();
    const result = await session.train(chunk);
    const milliseconds = performance.now() - began;
    // A small last batch says nothing about the full ones.
    if (chunk.batchSize === config.batchSize) {
      this.millisecondsPerStep = milliseconds / steps;
      // A chunk cut short by its epoch's end does not shrink the next one.
      this.steps = Math.max(steps, Math.min(wanted, this.steps));
    }
    const chunkMeans = means(addSteps(emptySums, result, chunk.batchSize, 0));
    if (!Number.isFinite(chunkMeans.loss)) {
      throw new UserError(
        `The loss of ${config.name} stopped being a number by step ${step + steps}; train again with a smaller --lr than ${short(config.learningRate * learningRateFactor)}.`,
      );
    }
    const seconds = milliseconds / 1000;
    this.progress = {
      ...this.progress,
      step: step + steps,
      seconds: this.progress.seconds + seconds,
      sums: addSteps(this.progress.sums, result, chunk.batchSize, seconds),
    };
    emit({
      type: "step",
      ...this.place(),
      ...chunkMeans,
      learningRate: this.learningRateBefore(step + steps),
      imagesPerSecond: chunk.indices.length / seconds,
      batchesPerSecond: steps / seconds,
    });
  }

  /** Evaluates and saves after an epoch's last step. @returns why to end, where this was the end */
  private async evaluate(): Promise<"completed" | "early-stop" | undefined> {
    const { config, session, test, emit } = this.options;
    const began = performance.now();
    const evaluation = await session.evaluate(test);
    const seconds = (performance.now() - began) / 1000;
    const testAccuracy = accuracyOf(test.labels, evaluation.predictions);
    const testLoss = evaluation.loss;
    const { step, epochs, sums, earlyStopping } = this.progress;
    const epoch = epochs + 1;
    const observed = observeAccuracy(earlyStopping, testAccuracy, { patience: config.earlyStop, minDelta: config.minDelta });
    const best = isBetter({ testAccuracy }, this.progress.best);
    const finished = epoch >= config.epochs ? "completed" : observed.stop ? "early-stop" : undefined;
    this.progress = {
      ...this.progress,
      epochs: epoch,
      sums: emptySums,
      earlyStopping: observed.state,
      best: best ? { epoch, step, testAccuracy, testLoss } : this.progress.best,
      newest: { testAccuracy, testLoss },
      finished,
    };
    this.history.add(step, evaluation);
    const confusion = confusionMatrix(test.labels, evaluation.predictions, this.options.model.classes);
    emit({ type: "eval", ...this.place(), testLoss, testAccuracy, confusion, seconds });
    emit({
      type: "epoch",
      ...this.place(),
      ...means(sums),
      testLoss,
      testAccuracy,
      learningRate: this.learningRateBefore(step),
      imagesPerSecond: sums.samples / sums.seconds,
      seconds: sums.seconds,
      best,
    });
    emit({ type: "samples", ...this.place(), samples: samplesAt(this.samples, test, evaluation) });
    emit({ type: "mistakes", ...this.place(), ...mistakes(test, evaluation) });
    const state = session.read();
    emit({ type: "layers", ...this.place(), ...layerStatistics(this.options.model, state, session.gradientNorms?.()) });
    if (best) await this.save("best", state);
    await this.save("last", state);
    return finished;
  }

  private async end(reason: DoneEvent["reason"]): Promise<DoneEvent["reason"]> {
    const { emit, session } = this.options;
    if (reason === "stopped" || reason === "interrupted") {
      this.progress = { ...this.progress, finished: reason === "stopped" ? "stopped" : undefined };
      await this.save("last", session.read());
    }
    const { best, newest, seconds } = this.progress;
    emit({
      type: "done",
      reason,
      ...this.place(),
      testAccuracy: newest?.testAccuracy,
      bestTestAccuracy: best?.testAccuracy,
      bestEpoch: best?.epoch,
      seconds,
    });
    return reason;
  }

  private async save(kind: "best" | "last", state: State): Promise<void> {
    const path = await this.options.save(kind, state, this.progress);
    this.savedAt = performance.now();
    this.options.emit({ type: "checkpoint", kind, ...this.place(), path });
  }

  /** The rate of the step that led to `step`. */
  private learningRateBefore(step: number): number {
    return learningRateAt(this.schedule, step - 1) * this.progress.learningRateFactor;
  }

  /** Fractional epoch, and step. */
  private place(): { epoch: number; step: number } {
    const { step } = this.progress;
    return { epoch: step / this.perEpoch, step };
  }
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
