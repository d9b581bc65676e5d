import { type ChildProcess, fork } from "node:child_process";

/** A process that waits for the model to train. */
let spare: ChildProcess | undefined;

/**
 * Starts a trainer's process before its model is known: it loads its code while the caller still loads its own, a tenth of a
 * second less until the first step. A process that is not taken ends with this one, whose channel closes then.
 */
export function startTrainerAhead(): void {
  spare ??= forkTrainer();
}

/** @returns the process that was started ahead, or a new one */
export function takeTrainer(): ChildProcess {
  const waiting = spare;
  spare = undefined;
  return waiting?.connected ? waiting : forkTrainer();
}

function forkTrainer(): ChildProcess {
  const child = fork(new URL("./trainer-process.js", import.meta.url), [], {
    // MB. A trainer's tensors lie outside of the JavaScript heap; with V8's own 16 its peak is 5 MB higher and its steps are no faster.
    execArgv: [...process.execArgv, "--max-semi-space-size=1"],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  // Writing to a child that has just ended fails; its end is told by "close".
  child.on("error", () => {});
  return child;
}
