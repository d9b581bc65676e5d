import type { RunPaths } from "../run/directory.js";
import type { RunEvent, TrainerCommand } from "../run/events.js";
import type { Beginning, Prepared, TrainerSetup } from "./protocol.js";
import type { SharedDataset } from "./shared-dataset.js";
import { type TrainerEnd, TrainerHandle } from "./trainer-handle.js";

/** How long trainers have to save and end when they are asked to. */
const graceMilliseconds = 10_000;
/** And how long to leave when they have nothing more to do. */
const leaveMilliseconds = 2_000;

/** All trainers of a run. One that fails ends alone; the others train on. */
export class Supervisor {
  private readonly trainers: readonly TrainerHandle[];
  private escalation: NodeJS.Timeout | undefined;

  /** Starts the processes; they load their engines while the parent still looks for the dataset. */
  constructor(setups: readonly TrainerSetup[], onEvent: (event: RunEvent) => void) {
    const order = new EventOrder(setups.length, onEvent);
    this.trainers = setups.map((setup, index) => new TrainerHandle(setup, (event) => order.say(index, event)));
    this.trainers.forEach((trainer, index) => {
      void trainer.ended.then(() => order.end(index));
    });
  }

  /** Hands out the dataset and waits until every session exists. @throws UserError as soon as one trainer cannot */
  async prepare(dataset: SharedDataset): Promise<Prepared[]> {
    for (const trainer of this.trainers) trainer.giveDataset(dataset);
    return Promise.all(this.trainers.map((trainer) => trainer.prepared));
  }

  begin(run: RunPaths, beginning: Omit<Beginning, "run" | "paths">): void {
    this.trainers.forEach((trainer, index) => {
      // Notices of the run as a whole are logged once.
      const notices = index === 0 ? beginning.notices : [];
      trainer.begin(run.model(trainer.model), { ...beginning, run: run.name, notices });
    });
  }

  /** @param model undefined: all */
  send(command: TrainerCommand, model?: string): void {
    for (const trainer of this.trainers) if (model === undefined || trainer.model === model) trainer.send(command);
  }

  /** Asks all trainers to save and end; kills those that take too long. */
  stop(): void {
    this.send({ type: "stop", reason: "interrupted" });
    this.escalation ??= setTimeout(() => this.kill(), graceMilliseconds);
  }

  /** Ends all processes at once; their training since their last checkpoints is lost. */
  kill(): void {
    for (const trainer of this.trainers) trainer.kill();
  }

  /** Resolves when nothing trains any more. @returns how each model's trainer ended */
  async ended(): Promise<Map<string, TrainerEnd>> {
    const ends = await Promise.all(this.trainers.map(async (trainer) => [trainer.model, await trainer.ended] as const));
    clearTimeout(this.escalation);
    return new Map(ends);
  }

  /** Sends away the processes that only answer questions any more, and waits until none is left. */
  async dismiss(): Promise<void> {
    this.send({ type: "stop", reason: "interrupted" });
    const timer = setTimeout(() => this.kill(), leaveMilliseconds);
    await Promise.all(this.trainers.map((trainer) => trainer.closed));
    clearTimeout(timer);
  }
}

/**
 * Views show models in the order of their first events: the events of a trainer wait until every trainer before it has emitted one,
 * or has ended without any.
 */
class EventOrder {
  private readonly held: RunEvent[][];
  private readonly ended = new Set<number>();
  private heard = 0;

  constructor(
    trainers: number,
    private readonly onEvent: (event: RunEvent) => void,
  ) {
    this.held = Array.from({ length: trainers }, () => []);
  }

  say(trainer: number, event: RunEvent): void {
    if (trainer < this.heard) this.onEvent(event);
    else this.held[trainer].push(event);
    this.release();
  }

  end(trainer: number): void {
    this.ended.add(trainer);
    this.release();
  }

  private release(): void {
    while (this.heard < this.held.length && (this.held[this.heard].length > 0 || this.ended.has(this.heard))) {
      for (const event of this.held[this.heard++].splice(0)) this.onEvent(event);
    }
  }
}
