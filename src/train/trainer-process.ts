import { CommandQueue } from "./commands.js";
import type { ParentMessage, SetupMessage, TrainerMessage } from "./protocol.js";
import { runTrainer } from "./trainer.js";

/**
 * The child process around one trainer: IPC, signals, and an end in every case. Ctrl-C and a closing terminal reach the whole
 * process group; the parent decides then, so they are ignored here. Without a parent, training saves and ends.
 */
const orphanMilliseconds = 30_000;

const commands = new CommandQueue();
const arrived = new Map<string, SetupMessage>();
let deliver: (() => void) | undefined;
let stopping = false;

function stop(): void {
  stopping = true;
  commands.push({ type: "stop", reason: "interrupted" });
  deliver?.();
}

process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
process.on("SIGTERM", stop);
process.on("disconnect", () => {
  stop();
  setTimeout(() => process.kill(process.pid, "SIGKILL"), orphanMilliseconds).unref();
});
process.on("message", (message: ParentMessage) => {
  if (message.type === "configure" || message.type === "dataset" || message.type === "begin") {
    arrived.set(message.type, message);
  } else {
    if (message.type === "stop") stopping = true;
    commands.push(message);
  }
  deliver?.();
});

async function receive<T extends SetupMessage["type"]>(type: T): Promise<Extract<SetupMessage, { type: T }> | undefined> {
  for (;;) {
    const message = arrived.get(type);
    if (stopping || message) return stopping ? undefined : (message as Extract<SetupMessage, { type: T }>);
    await new Promise<void>((resolve) => {
      deliver = resolve;
    });
  }
}

/** Messages on their way; the process must not end before they have left. */
const leaving = new Set<Promise<void>>();

function send(message: TrainerMessage): void {
  if (!process.connected) return;
  const left = new Promise<void>((resolve) => {
    process.send!(message, undefined, undefined, () => resolve());
  });
  leaving.add(left);
  left.then(() => leaving.delete(left));
}

const code = await runTrainer({ receive, commands, send });
await Promise.all(leaving);
process.exitCode = code;
if (process.connected) process.disconnect();
