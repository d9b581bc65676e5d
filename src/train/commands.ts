import type { TrainerCommand } from "../run/events.js";

/** Commands that have arrived and wait until the training loop has finished its chunk. */
export class CommandQueue {
  private readonly waiting: TrainerCommand[] = [];
  private wake: () => void = () => {};

  push(command: TrainerCommand): void {
    this.waiting.push(command);
    this.wake();
  }

  /** @returns the oldest command, or undefined where none waits */
  take(): TrainerCommand | undefined {
    return this.waiting.shift();
  }

  /** Waits for the next command, as a paused trainer does. */
  async next(): Promise<TrainerCommand> {
    if (this.waiting.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.waiting.shift()!;
  }
}
