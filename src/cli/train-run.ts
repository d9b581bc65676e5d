import { existsSync } from "node:fs";
import { join } from "node:path";
import { catalog } from "../data/catalog.js";
import { loadDataset } from "../data/datasets.js";
import { buildModel } from "../model/presets.js";
import { sourcesOf } from "../predict/sources.js";
import { createRun, type RunPaths, type RunRecord, updateRun } from "../run/directory.js";
import type { RunEvent } from "../run/events.js";
import { RunStore } from "../run/state/store.js";
import type { RunningServer } from "../serve/server.js";
import { pastEvents } from "../train/past-events.js";
import type { Prepared } from "../train/protocol.js";
import { lockRun } from "../train/run-lock.js";
import { type SharedDataset, shareDataset, unshareDataset } from "../train/shared-dataset.js";
import { Supervisor } from "../train/supervisor.js";
import { threadsPerTrainer } from "../train/threads.js";
import type { TrainerEnd } from "../train/trainer-handle.js";
import { summaryLines } from "../ui/summary.js";
import { UserError } from "../util/errors.js";
import { createDataProgress } from "./data-progress.js";
import { whenOutputCloses, writeNotice, writeOutput, writeText } from "./output.js";
import { resumeCommand } from "./resume-command.js";
import { interruptCode, watchSignals } from "./signals.js";
import { tunnelHint } from "./ssh-tunnel.js";
import type { TrainPlan } from "./train-plan.js";
import { loadView, type TrainView } from "./train-view.js";
import { packageVersion } from "./version.js";

/**
 * Trains the plan's models and shows them. Nothing is written before every trainer is ready: a run that cannot start leaves
 * nothing behind.
 * @returns the exit code: 0 all trained, 1 a model failed or the output's reader left, 130/143/129 interrupted
 */
export async function trainRun(plan: TrainPlan): Promise<number> {
  if (plan.resumed && plan.models.length === 0) return showFinished(plan, plan.resumed);
  const session = new TrainSession(plan);
  try {
    return await session.train();
  } finally {
    await session.end();
  }
}

/** Loading a dataset in less than this needs no progress bar. */
const patienceMilliseconds = 300;

/** Nothing is left to train; that is no error, so that a script may resume until all is done. */
async function showFinished({ config, output, ascii }: TrainPlan, run: RunPaths): Promise<number> {
  const events = await pastEvents(run, config.models, (message) => writeNotice(message));
  if (output === "json") {
    const last = new Map(events.filter(({ type }) => type === "done").map((event) => [event.model, event]));
    for (const event of last.values()) writeOutput(`${JSON.stringify(event)}\n`);
  } else {
    const store = new RunStore();
    store.replay(events);
    const more = `give more --epochs than ${Math.max(...config.models.map(({ epochs }) => epochs))} to go on`;
    writeText(`${summaryLines(store.state).join("\n")}\nNothing is left to train in run ${run.name}; ${more}.\n`, { ascii });
  }
  return 0;
}

class TrainSession {
  private readonly abort = new AbortController();
  private readonly signals = watchSignals((time) => this.interrupt(time === "first" ? "save" : "now"));
  private readonly supervisor: Supervisor;
  private readonly store = new RunStore();
  private view: TrainView | undefined;
  private server: RunningServer | undefined;
  private shared: SharedDataset | undefined;
  private unlock: (() => void) | undefined;
  private runName: string;
  private begun = false;
  private over = false;
  /** The user left the dashboard before the end. */
  private userQuit: "quit" | "interrupt" | undefined;
  private outputClosed = false;
  private readonly notices: string[];
  /** Models whose trainers ended by themselves before all was done, as a signal to one of them does. */
  private readonly interrupted = new Set<string>();
  /** Why models failed. */
  private readonly failures = new Map<string, string>();

  constructor(private readonly plan: TrainPlan) {
    const { run, seed, engine, threads, tf32, dataset } = plan.config;
    this.runName = run;
    this.notices = [...plan.notices];
    const shared = { seed, engine, threads: threadsPerTrainer(threads), tf32, normalization: catalog[dataset].normalization };
    const setups = plan.models.map((model, number) => ({ model, layers: buildModel(model.preset, model).layers, number, ...shared }));
    this.supervisor = new Supervisor(setups, (event) => this.show(event));
    whenOutputCloses(() => {
      this.outputClosed = true;
      this.interrupt("save");
    });
  }

  async train(): Promise<number> {
    try {
      const run = await this.start();
      const ends = await this.supervisor.ended();
      this.over = true;
      this.unlock?.();
      this.unlock = undefined;
      const server = this.serverToKeep(ends);
      if (!this.stopping()) await Promise.race([this.view!.finished, this.signals.received]);
      if (server && this.view!.farewell === "nothing") this.say("info", stayText(server));
      await this.view!.close();
      this.sayFarewell(run, ends);
      this.tellFailures();
      // The training's: a signal that ends the serving after it breaks nothing off.
      const code = this.exitCode(ends);
      if (server) {
        if (this.view!.farewell !== "nothing") writeText(`${stayText(server)}\n`, this.plan);
        await this.signals.received;
      }
      return code;
    } catch (error) {
      // Work that a signal breaks off fails with errors of its own.
      if (this.signals.exitCode !== undefined) return this.signals.exitCode;
      if (this.outputClosed) return 1;
      throw error;
    }
  }

  /** Leaves nothing behind but the run. */
  async end(): Promise<void> {
    if (!this.over) this.supervisor.kill();
    await this.view?.close();
    await this.server?.close();
    await this.supervisor.dismiss();
    if (this.shared) await unshareDataset(this.shared);
    this.unlock?.();
    this.signals.end();
  }

  private async start(): Promise<RunPaths> {
    const { plan } = this;
    const view = loadView(plan.output);
    const dataset = await this.load();
    this.shared = await shareDataset(dataset);
    const [prepared] = await this.supervisor.prepare(this.shared);
    const config = { ...plan.config, dataset: dataset.name };
    // A port that is taken is found before anything is written.
    if (plan.http !== undefined) this.server = await serveMeanwhile(plan.http, this.store, (message) => this.say("warning", message));
    const run = plan.resumed
      ? await this.reopen(plan.resumed, dataset.digest)
      : await this.create({ ...plan, config }, dataset.digest, prepared);
    this.runName = run.name;
    const open = await view;
    this.abort.signal.throwIfAborted();
    this.view = open({
      store: this.store,
      ascii: plan.ascii,
      address: this.server?.url,
      send: (command, model) => this.supervisor.send(command, model),
      quit: (how, key) => {
        if (!this.over) this.userQuit = key === "C-c" ? "interrupt" : "quit";
        this.interrupt(how);
      },
    });
    if (plan.resumed) await this.replay(run);
    if (this.server) {
      this.server.add(sourcesOf(run));
      this.say("info", `Predictions and live curves on ${this.server.url}`);
      const tunnel = tunnelHint(this.server.url, process.env);
      if (tunnel !== undefined) this.say("info", tunnel);
    }
    this.begun = true;
    this.supervisor.begin(run, {
      start: plan.resumed ? "resume" : "new",
      afterwards: this.view.staysOpen ? "answer" : "exit",
      notices: this.notices,
    });
    // Only now: the trainers have read it, and no step waits for its removal.
    await unshareDataset(this.shared);
    this.shared = undefined;
    return run;
  }

  private async load() {
    const { config, dataDir, datasetByName, output } = this.plan;
    const progress = createDataProgress(process.stderr, { plain: output !== "dashboard" });
    const began = performance.now();
    try {
      return await loadDataset(config.dataset, {
        dataDir,
        limitTrain: config.limitTrain,
        limitTest: config.limitTest,
        explicit: datasetByName,
        signal: this.abort.signal,
        onProgress: (step) => {
          if (performance.now() - began > patienceMilliseconds) progress.update(step);
        },
        onNotice: (message) => this.notices.push(message),
      });
    } finally {
      progress.end();
    }
  }

  private async create(
    { config, checkpointDir, runNamed }: TrainPlan,
    datasetDigest: string,
    { engine, device }: Prepared,
  ): Promise<RunPaths> {
    const record = {
      config,
      datasetDigest,
      versions: { "mnist-tui": packageVersion, node: process.versions.node },
      device,
      engine,
      created: new Date().toISOString(),
    } satisfies RunRecord;
    const { run: base } = config;
    for (let number = 2; ; number++) {
      const free = runNamed || !existsSync(join(checkpointDir, record.config.run));
      try {
        if (free) {
          const run = await createRun(checkpointDir, record);
          this.unlock = lockRun(run.dir);
          return run;
        }
      } catch (error) {
        // Two runs begun in the same second want the same name.
        if (runNamed || !existsSync(join(checkpointDir, record.config.run))) throw error;
      }
      record.config = { ...config, run: `${base}-${number}` };
    }
  }

  private async reopen(run: RunPaths, datasetDigest: string): Promise<RunPaths> {
    if (run.record.datasetDigest !== datasetDigest) {
      throw new UserError(
        `The dataset of run ${run.name} has the digest ${run.record.datasetDigest}, the one found now ${datasetDigest}; resuming needs the same data.`,
      );
    }
    this.unlock = lockRun(run.dir);
    return updateRun(run, { ...run.record, config: this.plan.config });
  }

  /** A resumed run's past belongs on its curves and into its summary. */
  private async replay(run: RunPaths): Promise<void> {
    const events = await pastEvents(run, this.plan.config.models, (message) => this.notices.push(message));
    this.store.replay(events);
  }

  private show(event: RunEvent): void {
    if (event.type === "done" && event.reason === "interrupted" && !this.stopping()) this.interrupted.add(event.model);
    if (event.type === "error") this.failures.set(event.model, event.message);
    this.store.apply(event);
  }

  /** Messages of the server go where the trainers' messages go. */
  private say(level: "info" | "warning", message: string): void {
    const [{ name }] = this.plan.config.models;
    this.store.apply({ type: "log", run: this.runName, model: name, time: Date.now(), level, message });
  }

  private interrupt(how: "save" | "now"): void {
    if (this.over) return;
    if (!this.begun) {
      this.abort.abort();
      this.supervisor.kill();
    } else if (how === "save") this.supervisor.stop();
    else this.supervisor.kill();
  }

  /** @returns the server that goes on after the training: a dashboard keeps its own until the user leaves its final screen */
  private serverToKeep(ends: ReadonlyMap<string, TrainerEnd>): RunningServer | undefined {
    const trained = [...ends.values()].includes("done") && this.interrupted.size === 0;
    return trained && !this.stopping() && !this.view!.staysOpen ? this.server : undefined;
  }

  private stopping(): boolean {
    return this.signals.exitCode !== undefined || this.userQuit !== undefined || this.outputClosed;
  }

  private sayFarewell(run: RunPaths, ends: ReadonlyMap<string, TrainerEnd>): void {
    const { farewell } = this.view!;
    if (farewell === "nothing") return;
    if (farewell === "summary") writeText(`${summaryLines(this.store.state).join("\n")}\n`, this.plan);
    writeText(`stored in ${run.dir}\n`);
    const unfinished = this.stopping() || this.interrupted.size > 0 || [...ends.values()].some((end) => end !== "done");
    if (!unfinished) return;
    writeText(`go on with: ${resumeCommand(run.name, this.plan.checkpointDir)}\n`);
  }

  /** Standard error is all that the user sees where the output goes into a file or another program. */
  private tellFailures(): void {
    if (process.stdout.isTTY) return;
    for (const [model, message] of this.failures) writeNotice(`mnist-tui: ${model}: ${message}`, this.plan);
  }

  private exitCode(ends: ReadonlyMap<string, TrainerEnd>): number {
    if (this.signals.exitCode !== undefined) return this.signals.exitCode;
    if (this.outputClosed || this.interrupted.size > 0) return 1;
    if ([...ends.values()].includes("failed")) return 1;
    // The dashboard reads Ctrl-C as a key.
    return this.userQuit === "interrupt" ? interruptCode : 0;
  }
}

function stayText({ url }: RunningServer): string {
  return `Training is over; predictions and curves stay on ${url} until Ctrl-C.`;
}

/** The server's code is loaded only where it is wanted. Checkpoints that it takes over are no news: the trainers told of them. */
async function serveMeanwhile(port: number, store: RunStore, onWarning: (message: string) => void): Promise<RunningServer> {
  const { defaultMaxBytes, startServer } = await import("../serve/server.js");
  const small = { host: "127.0.0.1", allowHosts: [], maxBytes: defaultMaxBytes, engine: "auto", threads: 1 } as const;
  const onNotice = (level: "info" | "warning", message: string) => level === "warning" && onWarning(message);
  return startServer({ ...small, port, models: [], store, onNotice });
}
