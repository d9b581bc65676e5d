import { parentPort, workerData } from "node:worker_threads";
import { type Backend, openBackend } from "./backend.js";

/** A compute thread: runs the programs that it is told to, and says when each is done. */
export interface WorkerSetup {
  backend: Backend;
  memory: WebAssembly.Memory;
  thread: number;
  arena: number;
}

const { backend, memory, thread, arena } = workerData as WorkerSetup;
const run = openBackend(backend, memory, thread, arena);

parentPort?.on("message", (program: number) => {
  run(program, thread);
  parentPort?.postMessage(program);
});
