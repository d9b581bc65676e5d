import type { Classification, Classifier } from "../predict/classifier.js";
import { imagePixels as pixels } from "../util/image-size.js";
import { overloaded } from "./request-error.js";

/**
 * Pictures that arrive while the network computes wait and then go through it together: one batch costs little more than one
 * picture.
 */

const largestBatch = 64;

export interface Answer {
  classification: Classification;
  /** The classifier that gave it; it may have been replaced since. */
  classifier: Classifier;
}

interface Waiting {
  image: Float32Array;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

interface BatcherOptions {
  /** Pictures that may wait. */
  waiting: number;
  onBatch(size: number): void;
}

export class Batcher {
  private readonly queue: Waiting[] = [];
  private running: Promise<void> | undefined;
  private successor: Classifier | undefined;

  constructor(
    private classifier: Classifier,
    private readonly options: BatcherOptions,
  ) {}

  get current(): Classifier {
    return this.successor ?? this.classifier;
  }

  /** @param image [784] @throws RequestError 503 where too many wait */
  classify(image: Float32Array): Promise<Answer> {
    if (this.queue.length >= this.options.waiting) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      this.queue.push({ image, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Puts a new classifier in place after the present batch; it answers the pictures that wait. */
  replace(classifier: Classifier): void {
    const unused = this.successor;
    this.successor = classifier;
    void unused?.dispose();
    this.running ??= this.run();
  }

  /** Resolves when every accepted picture is answered. */
  async close(): Promise<void> {
    await this.running;
    await this.classifier.dispose();
  }

  private async run(): Promise<void> {
    // Pictures that arrive in the same turn of the event loop belong to the same batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.length > 0 || this.successor) {
      if (this.successor) {
        await this.classifier.dispose();
        this.classifier = this.successor;
        this.successor = undefined;
      }
      const batch = this.queue.splice(0, largestBatch);
      if (batch.length > 0) await this.answer(batch);
    }
    this.running = undefined;
  }

  private async answer(batch: Waiting[]): Promise<void> {
    const { classifier } = this;
    const images = new Float32Array(pixels * batch.length);
    for (const [i, { image }] of batch.entries()) images.set(image, pixels * i);
    try {
      const answers = await classifier.classify(images);
      for (const [i, { resolve }] of batch.entries()) resolve({ classification: answers[i], classifier });
    } catch (error) {
      for (const { reject } of batch) reject(error as Error);
    }
    this.options.onBatch(batch.length);
  }
}
