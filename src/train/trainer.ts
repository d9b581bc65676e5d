import { existsSync } from "node:fs";
import { join } from "node:path";
import type { EngineInfo, Session, SessionOptions, Split, State } from "../engine/engine.js";
import { loadEnginesAhead, type Refusal, selectEngine } from "../engine/registry.js";
import { initialTensors } from "../model/initialize.js";
import type { Model } from "../model/model.js";
import { modelFromLayers } from "../model/presets.js";
import { loadCheckpoint, saveCheckpoint } from "../run/checkpoint.js";
import type { RunEvent, StartEvent } from "../run/events.js";
import { EventLog } from "../run/log.js";
import { settledDirectory } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";
import { stepsPerEpoch } from "./chunks.js";
import type { CommandQueue } from "./commands.js";
import { layerStatistics } from "./layer-statistics.js";
import { type Said, TrainingLoop } from "./loop.js";
import { freshProgress, type Progress, parseProgress } from "./progress.js";
import type { Beginning, SetupMessage, TrainerMessage, TrainerSetup } from "./protocol.js";
import { watchResources } from "./resources.js";
import { readSharedDataset, type SharedDataset } from "./shared-dataset.js";

/** How a trainer hears from its parent and speaks to it. */
interface Channel {
  /** The parent's next message of that kind; undefined where the run is over before it began. */
  receive<T extends SetupMessage["type"]>(type: T): Promise<Extract<SetupMessage, { type: T }> | undefined>;
  commands: CommandQueue;
  send(message: TrainerMessage): void;
}

/** Everything a trainer has when it is ready to begin. */
interface Ready {
  setup: TrainerSetup;
  dataset: SharedDataset;
  model: Model;
  session: Session & { info: EngineInfo };
  test: Split;
  /** The layers' statistics before the first step. */
  initial: ReturnType<typeof layerStatistics>;
  refused: Refusal[];
}

/** Answers to questions of the moment; they mean nothing to a later reader. */
const notLogged: ReadonlySet<RunEvent["type"]> = new Set(["prediction", "examples"]);

/**
 * A trainer's whole life: choose the engine, take the dataset, wait for the start, train, say how it ended. Errors go to the
 * parent: as `refused` before the start, as an event after it.
 * @returns the process's exit code
 */
export async function runTrainer(channel: Channel): Promise<0 | 1> {
  let ready: Ready | undefined;
  try {
    ready = await prepare(channel);
    if (!ready) return 0;
    channel.send({ type: "prepared", engine: ready.session.info.name, device: ready.session.info.device });
  } catch (error) {
    const exitCode = error instanceof UserError ? error.exitCode : 1;
    channel.send({ type: "refused", message: messageOf(error), exitCode, stack: error instanceof UserError ? undefined : stackOf(error) });
    return 1;
  }
  try {
    const begin = await channel.receive("begin");
    return begin ? await train(channel, ready, begin.beginning) : 0;
  } finally {
    await ready.session.dispose();
  }
}

async function prepare(channel: Channel): Promise<Ready | undefined> {
  void loadEnginesAhead();
  const configure = await channel.receive("configure");
  if (!configure) return undefined;
  const { setup } = configure;
  const { preset, optimizer, momentum, weightDecay, batchSize } = setup.model;
  const { engine, refused } = await selectEngine(setup.engine);
  const model = modelFromLayers(preset, setup.layers);
  const create = (normalization: SessionOptions["normalization"]) =>
    engine.create({
      model,
      optimizer: { type: optimizer, momentum, weightDecay },
      seed: setup.seed,
      batchSize,
      normalization,
      threads: setup.threads,
      tf32: setup.tf32,
      trainer: setup.number,
    });
  let session = await create(setup.normalization);
  // Now, while the dataset is on its way, and not between the start and the first step. Reading the session would take longer.
  const initial = layerStatistics(model, { step: 0, tensors: initialTensors(model, setup.seed) });
  const message = await channel.receive("dataset");
  if (!message) {
    await session.dispose();
    return undefined;
  }
  const { dataset } = message;
  if (dataset.normalization.mean !== setup.normalization.mean || dataset.normalization.std !== setup.normalization.std) {
    // Synthetic digits stand in for a dataset that is not at hand.
    await session.dispose();
    session = await create(dataset.normalization);
  }
  const test = await readSharedDataset(dataset, session.reserve(dataset.trainSamples));
  return { setup, dataset, model, session, test, initial, refused };
}

async function train(channel: Channel, ready: Ready, beginning: Beginning): Promise<0 | 1> {
  const { setup, session } = ready;
  const log = EventLog.open(beginning.paths.events);
  const emit = (said: Said) => {
    const { type, ...rest } = said;
    const event = { type, run: beginning.run, model: setup.model.name, time: Date.now(), ...rest } as RunEvent;
    if (!notLogged.has(event.type)) log.append(event);
    channel.send(event);
  };
  let resources: { stop(): void } | undefined;
  try {
    const { progress, notices } = await startingPoint(ready, beginning);
    emit(startEvent(ready, progress.step));
    for (const { level, message } of notices) emit({ type: "log", level, message });
    for (const message of session.info.notices ?? []) emit({ type: "log", level: "info", message });
    if (setup.tf32 && session.info.name !== "cuda") {
      emit({ type: "log", level: "info", message: `The engine ${session.info.name} multiplies in float32; --tf32 has no effect.` });
    }
    resources = watchResources(({ gpuBytes, ...usage }) => {
      // The driver's figure covers the engine's tensors, its libraries and its context; an engine knows its tensors only.
      const { deviceBytes, tensors } = session.memory();
      // A figure below those is another process's: in a container the driver numbers processes as the host does.
      const counted = gpuBytes !== undefined && gpuBytes >= (deviceBytes ?? 0) ? gpuBytes : deviceBytes;
      emit({ type: "device", ...usage, deviceBytes: counted, engineBytes: deviceBytes, tensors });
    });
    const loop = new TrainingLoop({
      config: setup.model,
      model: ready.model,
      seed: setup.seed,
      session,
      trainSamples: ready.dataset.trainSamples,
      test: ready.test,
      progress,
      layers: beginning.start === "new" ? ready.initial : layerStatistics(ready.model, session.read()),
      commands: channel.commands,
      emit,
      save: (kind, state, now) => saveProgress(ready, beginning, kind, state, now),
    });
    const reason = await loop.run();
    resources.stop();
    if (beginning.afterwards === "answer" && reason !== "interrupted") await loop.answerUntilStopped();
    return 0;
  } catch (error) {
    report(error);
    emit({ type: "error", message: messageOf(error) });
    return 1;
  } finally {
    resources?.stop();
    await log.close();
  }
}

type Notice = { level: "info" | "warning"; message: string };

/** Puts the session where training begins: at its initial weights, or where the `last` checkpoint stood. */
async function startingPoint(
  { setup, session }: Ready,
  { paths, start, notices }: Beginning,
): Promise<{ progress: Progress; notices: Notice[] }> {
  const said: Notice[] = notices.map((message) => ({ level: "warning", message }));
  if (start === "new") return { progress: freshProgress(), notices: said };
  if (!existsSync(await settledDirectory(paths.last))) {
    said.push({ level: "info", message: `There is no checkpoint of ${setup.model.name} to go on from; it begins anew.` });
    return { progress: freshProgress(), notices: said };
  }
  const checkpoint = await loadCheckpoint(paths.last);
  const progress = parseProgress(checkpoint.info.progress, join(paths.last, "model.json"));
  session.write(checkpoint.state);
  return { progress: { ...progress, finished: undefined }, notices: said };
}

async function saveProgress(
  { setup, dataset }: Ready,
  { run, paths }: Beginning,
  kind: "best" | "last",
  state: State,
  progress: Progress,
): Promise<string> {
  const { name, preset, kernels, dropout, batchSize } = setup.model;
  const info = {
    model: name,
    run,
    preset,
    kernels,
    dropout,
    dataset: dataset.name,
    classNames: dataset.classNames,
    normalization: dataset.normalization,
    epoch: progress.step / stepsPerEpoch(dataset.trainSamples, batchSize),
    step: progress.step,
    metrics: { ...progress.newest },
    progress: { ...progress },
  };
  await saveCheckpoint(paths[kind], { state, info: JSON.parse(JSON.stringify(info)) }, { optimizer: kind === "last" });
  return paths[kind];
}

function startEvent({ setup, dataset, model, session, refused }: Ready, step: number): Omit<StartEvent, "run" | "model" | "time"> {
  const { preset, epochs, batchSize, optimizer, learningRate } = setup.model;
  return {
    type: "start",
    preset,
    parameters: model.parameterCount,
    engine: session.info.name,
    device: session.info.device,
    threads: setup.threads,
    dataset: dataset.name,
    trainSamples: dataset.trainSamples,
    testSamples: dataset.testSamples,
    epochs,
    batchSize,
    stepsPerEpoch: stepsPerEpoch(dataset.trainSamples, batchSize),
    optimizer,
    learningRate,
    classNames: dataset.classNames,
    pid: process.pid,
    refused,
    step,
  };
}

/** A user's error is a sentence of its own; of anything else the whole stack goes to trainer.log. */
function report(error: unknown): void {
  if (!(error instanceof UserError)) console.error(error);
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
