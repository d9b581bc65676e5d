import type { RunPaths } from "../run/directory.js";
import type { RunEvent, TrainerCommand } from "../run/events.js";
import type { Prepared, TrainerSetup } from "./protocol.js";
import type { SharedDataset } from "./shared-dataset.js";
import { type TrainerEnd, TrainerHandle } from "./trainer-handle.js";

/** How long trainers have to save and end when they are asked to. */
const graceMilliseconds = 10_000;

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

  /** @param notices warnings about the run as a whole; they go into the first model's log */
  begin(run: RunPaths, start: "new" | "resume", notices: readonly string[]): void {
    this.trainers.forEach((trainer, index) => {
      trainer.begin(run.model(trainer.model), { run: run.name, start, notices: index === 0 ? [...notices] : [] });
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

  /** Ends all processes at once; what they trained since their last checkpoints is lost. */
  kill(): void {
    for (const trainer of this.trainers) trainer.kill();
  }

  /** Resolves when no process is left. @returns how each model's trainer ended */
  async ended(): Promise<Map<string, TrainerEnd>> {
    const ends = await Promise.all(this.trainers.map(async (trainer) => [trainer.model, await trainer.ended] as const));
    clearTimeout(this.escalation);
    return new Map(ends);
  }
}

/**
 * Views show models in the order in which they first hear of them: what a trainer says waits until all trainers before it have said
 * something, or have ended without a word.
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
