import { Worker } from "node:worker_threads";
import { type ImageLimits, pixelCount } from "../picture/decode.js";
import { ImageError } from "../picture/image-error.js";
import type { ImageStyle, NormalizedImage } from "../picture/read.js";
import type { DecodeReply, DecodeRequest } from "./decoder-worker.js";
import { overloaded, RequestError } from "./request-error.js";

/**
 * Decoding beside the event loop, bounded: a few workers, a few pictures waiting, and large pictures in a lane of their own, so
 * that a client with many large pictures does not hold up the others.
 */

interface DecoderOptions {
  limits: ImageLimits;
  /** Pictures that may wait in each lane. */
  waiting: number;
}

/** Pictures up to this size are decoded in a millisecond or two. */
const small = { bytes: 32_768, pixels: 262_144 };
/** A picture that keeps a worker longer than this is given up, and the worker with it. */
const patienceMilliseconds = 10_000;

export class Decoders {
  private readonly lanes: { small: Lane; large: Lane };

  constructor(private readonly options: DecoderOptions) {
    this.lanes = { small: new Lane(options.waiting), large: new Lane(options.waiting) };
  }

  /** Pictures waiting or being decoded. */
  get busy(): number {
    return this.lanes.small.busy + this.lanes.large.busy;
  }

  /** @throws ImageError; RequestError 503 where too many are waiting */
  decode(bytes: Uint8Array, style: ImageStyle): Promise<NormalizedImage> {
    const lane = isSmall(bytes) ? this.lanes.small : this.lanes.large;
    return lane.add(bytes, style, this.options.limits);
  }

  async close(): Promise<void> {
    await Promise.all([this.lanes.small.close(), this.lanes.large.close()]);
  }
}

function isSmall(bytes: Uint8Array): boolean {
  if (bytes.length > small.bytes) return false;
  try {
    return pixelCount(bytes) <= small.pixels;
  } catch {
    // It will be refused at once.
    return true;
  }
}

interface Job {
  request: DecodeRequest;
  resolve(image: NormalizedImage): void;
  reject(error: Error): void;
}

/** One worker and its queue. */
class Lane {
  private worker: Worker | undefined;
  private readonly queue: Job[] = [];
  private current: Job | undefined;
  private timer: NodeJS.Timeout | undefined;
  private nextId = 0;
  private closed = false;

  constructor(private readonly waiting: number) {}

  get busy(): number {
    return this.queue.length + (this.current ? 1 : 0);
  }

  add(bytes: Uint8Array, style: ImageStyle, limits: ImageLimits): Promise<NormalizedImage> {
    if (this.closed || this.queue.length >= this.waiting) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      this.queue.push({ request: { id: this.nextId++, bytes, style, limits }, resolve, reject });
      this.next();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const job of this.queue.splice(0)) job.reject(overloaded());
    await this.worker?.terminate();
  }

  private next(): void {
    if (this.current) return;
    this.current = this.queue.shift();
    if (!this.current) return;
    this.worker ??= this.start();
    this.timer = setTimeout(() => this.giveUp(), patienceMilliseconds);
    this.worker.postMessage(this.current.request);
  }

  private start(): Worker {
    const worker = new Worker(new URL("./decoder-worker.js", import.meta.url));
    worker.unref();
    worker.on("message", (reply: DecodeReply) => this.finish(reply));
    worker.on("error", (error) => this.lose(worker, error));
    worker.on("exit", () => this.lose(worker, new Error("the decoder ended")));
    return worker;
  }

  private finish(reply: DecodeReply): void {
    const job = this.take(reply.id);
    if (!job) return;
    if ("image" in reply) job.resolve(reply.image);
    else if ("problem" in reply) job.reject(new ImageError(reply.problem, reply.predicate));
    else job.reject(new Error(reply.failure));
    this.next();
  }

  private take(id: number): Job | undefined {
    if (this.current?.request.id !== id) return undefined;
    clearTimeout(this.timer);
    const job = this.current;
    this.current = undefined;
    return job;
  }

  private giveUp(): void {
    const { worker } = this;
    const job = this.current && this.take(this.current.request.id);
    this.worker = undefined;
    void worker?.terminate();
    job?.reject(new RequestError(503, "Decoding the picture took too long.", { "retry-after": "1" }));
    this.next();
  }

  private lose(worker: Worker, error: Error): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const job = this.current && this.take(this.current.request.id);
    job?.reject(this.closed ? overloaded() : error);
    if (!this.closed) this.next();
  }
}
