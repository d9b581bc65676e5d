import { parentPort, workerData } from "node:worker_threads";
import { openWasm } from "./backend.js";

/** A compute thread of the WebAssembly build: runs the programs that it is told to, and says when each is done. */
export interface WorkerSetup {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  thread: number;
  arena: number;
}

const { module, memory, thread, arena } = workerData as WorkerSetup;
const run = openWasm(module, memory, thread, arena);

parentPort?.on("message", (program: number) => {
  run(program);
  parentPort?.postMessage(program);
});
