import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Split } from "../data/split.js";
import type { Engine, EngineInfo } from "../engine/contract/engine.js";
import type { Session, SessionOptions } from "../engine/contract/session.js";
import type { State } from "../engine/contract/state.js";
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
import { type EventContent, TrainingLoop } from "./loop.js";
import { freshProgress, type Progress, parseProgress } from "./progress.js";
import type { Beginning, SetupMessage, TrainerMessage, TrainerSetup } from "./protocol.js";
import { type Usage, watchResources } from "./resources.js";
import { readSharedDataset, type SharedDataset } from "./shared-dataset.js";

/** A trainer's connection to its parent. */
interface Channel {
  /** @returns the parent's message of that type as soon as it is there; undefined where the run is over before it began */
  receive<T extends SetupMessage["type"]>(type: T): Promise<Extract<SetupMessage, { type: T }> | undefined>;
  commands: CommandQueue;
  send(message: TrainerMessage): void;
}

/** A trainer that is ready to begin. */
interface Ready {
  setup: TrainerSetup;
  dataset: SharedDataset;
  model: Model;
  session: Session & { info: EngineInfo };
  test: Split;
  /** Statistics of the layers before the first step. */
  initial: ReturnType<typeof layerStatistics>;
  refused: Refusal[];
}

/** Answers to a question of the moment: without the question they mean nothing, so events.jsonl does not hold them. */
const notLogged: ReadonlySet<RunEvent["type"]> = new Set(["prediction", "examples"]);

/**
 * A trainer's whole life: it chooses the engine, reads the dataset, waits for the start, trains and reports its end. Errors go to
 * the parent: as `refused` before the start, as an event after it.
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
  const { engine, refused } = await selectEngine(setup.engine);
  const model = modelFromLayers(setup.model.preset, setup.layers);
  let session = await createSession(engine, model, setup, setup.normalization);
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
    session = await createSession(engine, model, setup, dataset.normalization);
  }
  const test = await readSharedDataset(dataset, session.reserve(dataset.trainSamples));
  return { setup, dataset, model, session, test, initial, refused };
}

function createSession(engine: Engine, model: Model, setup: TrainerSetup, normalization: SessionOptions["normalization"]) {
  const { seed, threads, tf32, number: trainer } = setup;
  const { optimizer: type, momentum, weightDecay, batchSize } = setup.model;
  return engine.create({ model, optimizer: { type, momentum, weightDecay }, seed, batchSize, normalization, threads, tf32, trainer });
}

async function train(channel: Channel, ready: Ready, beginning: Beginning): Promise<0 | 1> {
  const log = EventLog.open(beginning.paths.events);
  const emit = ({ type, ...content }: EventContent) => {
    const event = { type, run: beginning.run, model: ready.setup.model.name, time: Date.now(), ...content } as RunEvent;
    if (!notLogged.has(event.type)) log.append(event);
    channel.send(event);
  };
  let resources: { stop(): void } | undefined;
  try {
    const { progress, notices } = await startingPoint(ready, beginning);
    emit(startEvent(ready, progress.step));
    for (const { level, message } of [...notices, ...sessionNotices(ready)]) emit({ type: "log", level, message });
    resources = watchResources((usage) => emit(deviceEvent(ready.session, usage)));
    const loop = trainingLoop(channel, ready, beginning, { progress, emit });
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

function trainingLoop(
  { commands }: Channel,
  ready: Ready,
  beginning: Beginning,
  { progress, emit }: { progress: Progress; emit(event: EventContent): void },
): TrainingLoop {
  const { setup, dataset, model, session, test, initial } = ready;
  return new TrainingLoop({
    config: setup.model,
    model,
    seed: setup.seed,
    session,
    trainSamples: dataset.trainSamples,
    test,
    progress,
    layers: beginning.start === "new" ? initial : layerStatistics(model, session.read()),
    commands,
    emit,
    save: (kind, state, now) => saveProgress(ready, beginning, kind, state, now),
  });
}

function deviceEvent(session: Session, { gpuBytes, ...usage }: Usage): EventContent {
  const { deviceBytes, tensors } = session.memory();
  // The driver counts the engine's tensors, its libraries and its context; the engine counts its tensors only. A driver's figure
  // below the engine's belongs to another process: in a container the driver numbers processes as the host does.
  const counted = gpuBytes !== undefined && gpuBytes >= (deviceBytes ?? 0) ? gpuBytes : deviceBytes;
  return { type: "device", ...usage, deviceBytes: counted, engineBytes: deviceBytes, tensors };
}

type Notice = { level: "info" | "warning"; message: string };

function sessionNotices({ setup, session: { info } }: Ready): Notice[] {
  const messages = [...(info.notices ?? [])];
  if (setup.tf32 && info.name !== "cuda") messages.push(`The engine ${info.name} multiplies in float32; --tf32 has no effect.`);
  return messages.map((message) => ({ level: "info", message }));
}

/** Puts the session where training begins: at its initial weights, or where the `last` checkpoint stood. */
async function startingPoint(
  { setup, session }: Ready,
  { paths, start, notices }: Beginning,
): Promise<{ progress: Progress; notices: Notice[] }> {
  const all: Notice[] = notices.map((message) => ({ level: "warning", message }));
  if (start === "new") return { progress: freshProgress(), notices: all };
  if (!existsSync(await settledDirectory(paths.last))) {
    all.push({ level: "info", message: `There is no checkpoint of ${setup.model.name} to go on from; it begins anew.` });
    return { progress: freshProgress(), notices: all };
  }
  const checkpoint = await loadCheckpoint(paths.last);
  const progress = parseProgress(checkpoint.info.progress, join(paths.last, "model.json"));
  session.write(checkpoint.state);
  return { progress: { ...progress, finished: undefined }, notices: all };
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
