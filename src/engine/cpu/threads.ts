import { Worker } from "node:worker_threads";
import { arenaStart, type Backend } from "./backend.js";
import type { WorkerSetup } from "./worker.js";

/** The compute threads of one session. They share the memory and sleep between programs. */
export class Threads {
  private readonly workers: Worker[];
  private waiting: { left: number; resolve: () => void; reject: (error: Error) => void } | undefined;
  private failure: Error | undefined;

  constructor(backend: Backend, memory: WebAssembly.Memory, threads: number) {
    this.workers = Array.from({ length: threads }, (_, thread) => {
      const workerData: WorkerSetup = { backend, memory, thread, arena: arenaStart(threads) };
      const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData });
      worker.on("message", () => this.finished());
      worker.on("error", (error) => this.failed(error));
      worker.unref();
      return worker;
    });
  }

  /** Runs a program on all threads. One at a time. */
  run(program: number): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.waiting) return Promise.reject(new Error("The session is busy: one call at a time."));
    return new Promise((resolve, reject) => {
      this.waiting = { left: this.workers.length, resolve, reject };
      for (const worker of this.workers) {
        worker.ref();
        worker.postMessage(program);
      }
    });
  }

  async dispose(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
    this.failed(new Error("The session was disposed."));
  }

  private finished(): void {
    const waiting = this.waiting;
    if (!waiting || --waiting.left > 0) return;
    this.waiting = undefined;
    for (const worker of this.workers) worker.unref();
    waiting.resolve();
  }

  private failed(error: Error): void {
    this.failure ??= error;
    this.waiting?.reject(error);
    this.waiting = undefined;
  }
}
