import { parentPort, workerData } from "node:worker_threads";
import { openWasm, type WasmThread } from "./wasm.js";

/** A compute thread of the WebAssembly build: runs the programs whose offsets it is sent, and answers with each when it has been run. */
const run = openWasm(workerData as WasmThread);

parentPort?.on("message", (program: number) => {
  run(program);
  parentPort?.postMessage(program);
});
