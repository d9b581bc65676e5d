import type { ChildProcess } from "node:child_process";
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { ModelPaths } from "../run/directory.js";
import type { ErrorEvent, LogEvent, RunEvent, TrainerCommand } from "../run/events.js";
import { EventLog } from "../run/log.js";
import { UserError } from "../util/errors.js";
import type { Beginning, ParentMessage, Prepared, Refused, TrainerMessage, TrainerSetup } from "./protocol.js";
import type { SharedDataset } from "./shared-dataset.js";
import { takeTrainer } from "./trainer-fork.js";

/** How a trainer's process ended. killed: by its parent, because the run was to end. */
export type TrainerEnd = "done" | "failed" | "killed";

/** Lines that a trainer prints go into its log file; so many of them become events too. */
const printedEvents = 100;

/** Lines that native libraries log by themselves (glog, absl): they belong into the log file and into no view. */
const libraryNoise =
  /^(?:WARNING: All log messages before absl|[IWE]\d{4} |\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d+: [IWE] |To enable the following instructions:)/;

/** How long a process may live on after its last word. */
const lingerMilliseconds = 5_000;

/** The parent's side of one trainer: a child process, the messages to and from it, and its end. */
export class TrainerHandle {
  readonly prepared: Promise<Prepared>;
  /** Training has ended; the process may still answer questions. */
  readonly ended: Promise<TrainerEnd>;
  /** The process is gone. */
  readonly closed: Promise<void>;
  private readonly child: ChildProcess;
  private run = "";
  private answersAfterwards = false;
  private paths: ModelPaths | undefined;
  private printed: string[] = [];
  private printedCount = 0;
  private over = false;
  private stopRequested = false;
  private killedByUs = false;
  private failed = false;
  private finished = false;

  constructor(
    private readonly setup: TrainerSetup,
    private readonly onEvent: (event: RunEvent) => void,
  ) {
    this.child = takeTrainer();
    for (const stream of [this.child.stdout!, this.child.stderr!])
      createInterface({ input: stream }).on("line", (line) => this.print(line));
    this.prepared = new Promise((resolve, reject) => {
      this.child.on("message", (message: TrainerMessage) => {
        if (message.type === "prepared") resolve(message);
        else if (message.type === "refused") reject(refusal(message));
        else this.receive(message);
      });
      this.child.on("close", (code, signal) =>
        reject(new UserError(`The trainer of ${setup.model.name} ended before it began: ${this.describeEnd(code, signal)}.`)),
      );
    });
    // A run that is stopped before it has begun does not wait for this.
    this.prepared.catch(() => {});
    // The channel closes last; a process that lives on has no work left.
    this.child.on("disconnect", () => {
      setTimeout(() => this.child.kill("SIGKILL"), lingerMilliseconds).unref();
    });
    this.ended = new Promise((resolve) => {
      this.child.on("message", (message: TrainerMessage) => {
        if (message.type === "done" && this.answersAfterwards) resolve("done");
      });
      this.child.on("close", (code, signal) => resolve(this.conclude(code, signal)));
    });
    this.closed = new Promise((resolve) => {
      this.child.on("close", () => resolve());
    });
    this.post({ type: "configure", setup });
  }

  get model(): string {
    return this.setup.model.name;
  }

  giveDataset(dataset: SharedDataset): void {
    this.post({ type: "dataset", dataset });
  }

  begin(paths: ModelPaths, beginning: Omit<Beginning, "paths">): void {
    this.paths = paths;
    this.run = beginning.run;
    this.answersAfterwards = beginning.afterwards === "answer";
    for (const line of this.printed.splice(0)) this.store(line);
    this.post({ type: "begin", beginning: { ...beginning, paths: { events: paths.events, best: paths.best, last: paths.last } } });
  }

  send(command: TrainerCommand): void {
    if (command.type === "stop") this.stopRequested = true;
    this.post(command);
  }

  /** Ends the process at once; its last checkpoint stays. */
  kill(): void {
    if (this.over) return;
    this.killedByUs = true;
    this.child.kill("SIGKILL");
  }

  private receive(event: RunEvent): void {
    if (event.type === "done") this.finished = true;
    if (event.type === "error") this.failed = true;
    this.onEvent(event);
  }

  private conclude(code: number | null, signal: NodeJS.Signals | null): TrainerEnd {
    this.over = true;
    if (this.failed) return "failed";
    if (this.finished) return "done";
    if (this.killedByUs || this.stopRequested || !this.paths) return "killed";
    this.fail(
      `The trainer of ${this.model} ended unexpectedly: ${this.describeEnd(code, signal)}; --resume goes on from its last checkpoint.`,
    );
    return "failed";
  }

  /** The child cannot say it any more, so the parent writes the event into the child's log. */
  private fail(message: string): void {
    const event: ErrorEvent = { type: "error", ...this.base(), message };
    try {
      const log = EventLog.open(this.paths!.events);
      log.append(event);
      void log.close();
    } catch {
      // The views still show it.
    }
    this.onEvent(event);
  }

  private describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
    // Node ends a stack trace with its own version.
    const own = this.printed.filter((line) => !libraryNoise.test(line));
    const last = own.findLast((line) => /error/i.test(line)) ?? own.at(-1);
    const why =
      signal === "SIGKILL" ? "killed (SIGKILL), perhaps for want of memory" : signal ? `killed by ${signal}` : `exit code ${code}`;
    return last ? `${why}, having printed ${JSON.stringify(last)}` : why;
  }

  private print(line: string): void {
    if (line.trim() === "") return;
    if (this.paths) this.store(line);
    this.printed = [...this.printed.slice(-19), line];
    if (libraryNoise.test(line)) return;
    this.printedCount++;
    if (!this.paths || this.printedCount > printedEvents) return;
    const rest = this.printedCount === printedEvents ? ` (further output goes to ${this.paths.log} only)` : "";
    const event: LogEvent = { type: "log", ...this.base(), level: "warning", message: line + rest };
    this.onEvent(event);
  }

  private store(line: string): void {
    try {
      appendFileSync(this.paths!.log, `${line}\n`);
    } catch {
      // Nothing depends on it.
    }
  }

  private base(): { run: string; model: string; time: number } {
    return { run: this.run, model: this.model, time: Date.now() };
  }

  private post(message: ParentMessage): void {
    if (this.child.connected) this.child.send(message);
  }
}

function refusal({ message, exitCode, stack }: Refused): UserError {
  if (!stack) return new UserError(message, exitCode);
  const error = new UserError(`The trainer failed: ${message} (set MNIST_TUI_DEBUG=1 to see where).`, exitCode);
  error.cause = stack;
  return error;
}
