import { Worker } from "node:worker_threads";
import { UserError } from "../../../util/errors.js";
import { programVersion } from "../program/schema.js";
import type { Backend } from "./backend.js";
import { loadAddon, type NativeThreads } from "./native.js";
import { arenaStart, type WasmThread } from "./wasm.js";

/** Threads that share one memory and sleep between programs. */
interface Crew {
  /** Begins to run a program on all of them; the process stays until it has been run. */
  begin(program: number): void;
  /** Ends them, native ones behind the program that they run. */
  end(): Promise<void>;
}

/** Called by a crew at the end of a program. @param error of a crew that can run no more programs */
type Settle = (error?: Error) => void;

/** The compute threads of one session. */
export class Threads {
  private readonly crew: Crew;
  private waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private failure: Error | undefined;
  private ended: Promise<void> | undefined;

  /** @throws UserError where the system has no more threads */
  constructor(backend: Backend, memory: WebAssembly.Memory, threads: number) {
    const settle = (error?: Error) => this.settle(error);
    this.crew =
      backend.kind === "native" ? systemThreads(backend.index, memory, threads, settle) : workers(backend.module, memory, threads, settle);
  }

  /** Runs a program on all threads. One at a time. */
  run(program: number): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.waiting) return Promise.reject(new Error("The session is busy: one call at a time."));
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.crew.begin(program);
    });
  }

  async dispose(): Promise<void> {
    this.ended ??= this.crew.end();
    await this.ended;
    this.settle(new Error("The session was disposed."));
  }

  private settle(error?: Error): void {
    this.failure ??= error;
    const { waiting } = this;
    this.waiting = undefined;
    if (error) waiting?.reject(error);
    else waiting?.resolve();
  }
}

/** The addon's own threads: Node's are slow to start and each has a heap of its own. */
function systemThreads(isa: number, memory: WebAssembly.Memory, threads: number, settle: Settle): Crew {
  const addon = loadAddon();
  let crew: NativeThreads;
  try {
    crew = addon.start(isa, new Uint8Array(memory.buffer, arenaStart(threads)), threads, settle);
  } catch (error) {
    throw new UserError((error as Error).message);
  }
  return {
    begin: (program) => addon.run(crew, program),
    end: async () => addon.stop(crew),
  };
}

/** WebAssembly runs in Node's threads. */
function workers(module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number, settle: Settle): Crew {
  let running = 0;
  const finished = () => {
    if (--running > 0) return;
    for (const worker of crew) worker.unref();
    settle();
  };
  const crew = Array.from({ length: threads }, (_, thread) => {
    const workerData: WasmThread = { module, memory, thread, arena: arenaStart(threads), programVersion };
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData });
    worker.on("message", finished);
    worker.on("error", settle);
    worker.unref();
    return worker;
  });
  return {
    begin: (program) => {
      running = threads;
      for (const worker of crew) {
        worker.ref();
        worker.postMessage(program);
      }
    },
    end: async () => {
      await Promise.all(crew.map((worker) => worker.terminate()));
    },
  };
}
