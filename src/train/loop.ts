import type { ModelConfig } from "../config/types.js";
import type { Split } from "../data/split.js";
import type { Chunk, ChunkResult, Evaluation, Session } from "../engine/contract/session.js";
import type { State } from "../engine/contract/state.js";
import { classes, softmax } from "../model/logits.js";
import type { Model } from "../model/model.js";
import type { DoneEvent, RunEvent, TrainerCommand } from "../run/events.js";
import { UserError } from "../util/errors.js";
import { imagePixels } from "../util/image-size.js";
import { ChunkPace, ChunkPlanner, stepsPerEpoch } from "./chunks.js";
import type { CommandQueue } from "./commands.js";
import { observeAccuracy } from "./early-stopping.js";
import { layerStatistics } from "./layer-statistics.js";
import { accuracyOf, addSteps, confusionMatrix, emptySums, isBetter, means, type TrainingSums, wrongBits } from "./metrics.js";
import type { Progress } from "./progress.js";
import { EvaluationHistory, mistakes, sampleIndices, samplesAt } from "./samples.js";
import { learningRateAt, type RunSchedule } from "./schedule.js";

/** An event without its run, model and time, which the trainer adds. */
export type EventContent = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, "run" | "model" | "time"> : never) : never;

interface LoopOptions {
  config: ModelConfig;
  model: Model;
  seed: number;
  session: Session;
  trainSamples: number;
  test: Split;
  /** The progress to begin from; the session holds the weights that belong to it. */
  progress: Progress;
  /** Statistics of the layers at that point. */
  layers: ReturnType<typeof layerStatistics>;
  commands: CommandQueue;
  emit(event: EventContent): void;
  /** Stores a checkpoint and returns its path. */
  save(kind: "best" | "last", state: State, progress: Progress): Promise<string>;
}

/** Longest time without saving `last`: a crash costs no more training than this. */
const saveEveryMilliseconds = 60_000;

/**
 * Trains one model: takes commands, trains chunk by chunk, evaluates after every epoch, saves, and emits an event for each of these.
 * Time is measured and reported but decides nothing about the numbers, so a run is a function of its configuration, however it is
 * cut, paused or resumed.
 */
export class TrainingLoop {
  private progress: Progress;
  private readonly perEpoch: number;
  private readonly schedule: RunSchedule;
  private readonly planner: ChunkPlanner;
  private readonly samples: number[];
  private readonly history = new EvaluationHistory();
  private readonly pace: ChunkPace;
  private savedAt = performance.now();

  constructor(private readonly options: LoopOptions) {
    const { config, seed, trainSamples, test, progress } = options;
    this.progress = progress;
    this.perEpoch = stepsPerEpoch(trainSamples, config.batchSize);
    const { epochs, batchSize, augment, learningRate } = config;
    this.schedule = { config: config.schedule, learningRate, stepsPerEpoch: this.perEpoch, epochs };
    this.planner = new ChunkPlanner({ seed, samples: trainSamples, batchSize, augment, schedule: this.schedule });
    this.pace = new ChunkPace(batchSize);
    this.samples = sampleIndices(seed, test.labels.length);
  }

  /** Trains until all epochs are done, early stopping, or a stop command. @throws UserError where the loss is no number any more */
  async run(): Promise<DoneEvent["reason"]> {
    const { config, emit, session } = this.options;
    emit({ type: "layers", ...this.position(), ...this.options.layers });
    for (;;) {
      const stop = await this.carryOutCommands();
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

  /** After the end: answers questions about the trained model until the parent sends `stop`. */
  async answerUntilStopped(): Promise<void> {
    for (;;) {
      const command = await this.options.commands.next();
      if (command.type === "stop") return;
      if (command.type === "predict" || command.type === "examples") await this.answer(command);
    }
  }

  /** Carries out the commands that have come in; while paused, waits for more. @returns the reason of a stop command */
  private async carryOutCommands(): Promise<"stopped" | "interrupted" | undefined> {
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
    switch (command.type) {
      case "checkpoint":
        return this.save("last", this.options.session.read());
      case "learningRate":
        return this.scaleLearningRate(command.factor);
      case "predict":
        return this.predict(command.id, Buffer.from(command.pixels, "base64"));
      case "examples":
        return this.showExamples(command);
    }
  }

  private scaleLearningRate(by: number): void {
    const factor = this.progress.learningRateFactor * by;
    if (!(factor > 0 && Number.isFinite(factor))) return;
    this.progress = { ...this.progress, learningRateFactor: factor };
    const message = `From step ${this.progress.step} on, the learning rate is ${short(factor)} times the schedule's.`;
    this.options.emit({ type: "log", level: "info", message });
  }

  /** @param pixels [784], 0 background to 255 ink; of another size they are left without an answer */
  private async predict(id: number, pixels: Buffer): Promise<void> {
    if (pixels.length !== imagePixels) return;
    const logits = await this.options.session.predict(Float32Array.from(pixels, (pixel) => pixel / 255));
    this.options.emit({ type: "prediction", id, probabilities: [...softmax(logits)] });
  }

  private showExamples({ id, label, prediction, step }: Extract<TrainerCommand, { type: "examples" }>): void {
    const found = this.history.examples(this.options.test, { label, prediction, step });
    this.options.emit({ type: "examples", id, label, prediction, ...(found ?? { step: this.progress.step, total: 0, samples: [] }) });
  }

  private async trainChunk(): Promise<void> {
    const { step, learningRateFactor } = this.progress;
    const chunk = this.planner.chunk(step, this.pace.next(), learningRateFactor);
    const began = performance.now();
    const result = await this.options.session.train(chunk);
    const milliseconds = performance.now() - began;
    this.pace.observe(chunk, milliseconds);
    this.advance(chunk, result, milliseconds / 1000);
  }

  /** @throws UserError where the chunk's loss is no number */
  private advance(chunk: Chunk, result: ChunkResult, seconds: number): void {
    const { config, emit } = this.options;
    const { learningRateFactor, sums } = this.progress;
    const steps = chunk.learningRates.length;
    const step = this.progress.step + steps;
    const chunkMeans = means(addSteps(emptySums, result, chunk.batchSize, 0));
    if (!Number.isFinite(chunkMeans.loss)) {
      throw new UserError(
        `The loss of ${config.name} stopped being a number by step ${step}; train again with a smaller --lr than ${short(config.learningRate * learningRateFactor)}.`,
      );
    }
    this.progress = {
      ...this.progress,
      step,
      seconds: this.progress.seconds + seconds,
      sums: addSteps(sums, result, chunk.batchSize, seconds),
    };
    emit({
      type: "step",
      ...this.position(),
      ...chunkMeans,
      learningRate: this.learningRateBefore(step),
      imagesPerSecond: chunk.indices.length / seconds,
      batchesPerSecond: steps / seconds,
      seconds: this.progress.seconds,
    });
  }

  /** Ends an epoch: evaluates, emits the results, saves. @returns the reason to end the training, where this was the last epoch */
  private async evaluate(): Promise<"completed" | "early-stop" | undefined> {
    const { session, test } = this.options;
    const began = performance.now();
    const evaluation = await session.evaluate(test);
    const seconds = (performance.now() - began) / 1000;
    const { sums } = this.progress;
    const { best, finished } = this.endEpoch(accuracyOf(test.labels, evaluation.predictions), evaluation.loss);
    this.history.add(this.progress.step, evaluation);
    this.emitEvaluation(evaluation, { seconds, sums, best });
    const state = session.read();
    this.options.emit({
      type: "layers",
      ...this.position(),
      ...layerStatistics(this.options.model, state, session.gradientNorms?.()),
    });
    if (best) await this.save("best", state);
    await this.save("last", state);
    return finished;
  }

  /** Takes an evaluation into the progress. */
  private endEpoch(testAccuracy: number, testLoss: number): { best: boolean; finished: "completed" | "early-stop" | undefined } {
    const { config } = this.options;
    const { step, earlyStopping } = this.progress;
    const epoch = this.progress.epochs + 1;
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
    return { best, finished };
  }

  /** @param seconds that the evaluation took @param sums of the epoch's training */
  private emitEvaluation(evaluation: Evaluation, { seconds, sums, best }: { seconds: number; sums: TrainingSums; best: boolean }): void {
    const { test, emit } = this.options;
    const { testAccuracy, testLoss } = this.progress.newest!;
    const confusion = confusionMatrix(test.labels, evaluation.predictions, classes);
    const wrong = wrongBits(test.labels, evaluation.predictions);
    emit({ type: "eval", ...this.position(), testLoss, testAccuracy, confusion, wrong, seconds });
    emit({
      type: "epoch",
      ...this.position(),
      ...means(sums),
      testLoss,
      testAccuracy,
      learningRate: this.learningRateBefore(this.progress.step),
      imagesPerSecond: sums.samples / sums.seconds,
      seconds: sums.seconds,
      best,
    });
    emit({ type: "samples", ...this.position(), samples: samplesAt(this.samples, test, evaluation) });
    emit({ type: "mistakes", ...this.position(), ...mistakes(test, evaluation) });
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
      ...this.position(),
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
    this.options.emit({ type: "checkpoint", kind, ...this.position(), path });
  }

  /** The rate of the step that led to `step`. */
  private learningRateBefore(step: number): number {
    return learningRateAt(this.schedule, step - 1) * this.progress.learningRateFactor;
  }

  /** Fractional epoch, and step. */
  private position(): { epoch: number; step: number } {
    const { step } = this.progress;
    return { epoch: step / this.perEpoch, step };
  }
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
