import { type Classifier, type ClassifierOptions, openClassifier } from "../predict/classifier.js";
import type { ModelSource } from "../predict/sources.js";
import { hasCheckpoint, readCheckpointInfo } from "../run/checkpoint.js";
import { type Answer, Batcher } from "./batcher.js";
import { RequestError } from "./request-error.js";

/** The models that a server answers with. It watches their checkpoints: a new best one comes into use, a damaged one does not. */

interface PoolOptions extends ClassifierOptions {
  /** Pictures that may wait for each model. */
  waiting: number;
  onBatch(model: string, size: number): void;
  /** @param message one sentence for the operator */
  onNotice(level: "info" | "warning", message: string): void;
}

interface ModelStatus {
  name: string;
  /** Absent, like all below, before the first checkpoint. */
  preset?: string;
  /** Dataset that it was trained and tested on. */
  dataset?: string;
  /** RUN/MODEL/best, or the folder's name. */
  checkpoint?: string;
  epoch?: number;
  testAccuracy?: number;
  /** Why the newest checkpoint is not in use. */
  problem?: string;
}

/** Time between two looks at the checkpoints. */
const watchMilliseconds = 1_000;

export class ModelPool {
  private readonly models: PooledModel[];
  private timer: NodeJS.Timeout | undefined;
  private checking: Promise<void> | undefined;
  private closed = false;

  /** @param sources their checkpoints may still be to come */
  constructor(
    sources: readonly ModelSource[],
    private readonly options: PoolOptions,
  ) {
    this.models = sources.map((source) => new PooledModel(source, options));
  }

  /** Loads the checkpoints that exist and watches from then on. @throws UserError where every model has a checkpoint that cannot be loaded */
  async open(): Promise<void> {
    const problems = await Promise.allSettled(this.models.map((model) => model.load()));
    const failures = problems.filter((result) => result.status === "rejected");
    if (this.models.length > 0 && failures.length === this.models.length) throw failures[0].reason;
    this.watch();
  }

  /** Further models; their checkpoints are loaded at the next look. */
  add(sources: readonly ModelSource[]): void {
    this.models.push(...sources.map((source) => new PooledModel(source, this.options)));
  }

  get names(): string[] {
    return this.models.map(({ source }) => source.name);
  }

  get ready(): PooledModel[] {
    return this.models.filter(({ batcher }) => batcher);
  }

  status(): ModelStatus[] {
    return this.models.map((model) => model.status());
  }

  /**
   * @param name undefined: the model with the best test accuracy
   * @throws RequestError 404 for an unknown name, 503 where it has no checkpoint yet
   */
  pick(name: string | undefined): PooledModel {
    if (name !== undefined) {
      const model = this.models.find(({ source }) => source.name === name);
      if (!model) throw new RequestError(404, `There is no model of that name; choose one of ${this.names.join(", ")}.`);
      if (!model.batcher) throw notReady();
      return model;
    }
    const { best } = this;
    if (!best) throw notReady();
    return best;
  }

  /** The model that answers where none is named: the one with the best test accuracy. */
  get best(): PooledModel | undefined {
    const accuracy = (model: PooledModel) => model.classifier?.info.metrics.testAccuracy ?? -1;
    return this.ready.reduce<PooledModel | undefined>((top, next) => (top && accuracy(top) >= accuracy(next) ? top : next), undefined);
  }

  /** @returns all models that have a checkpoint @throws RequestError 503 where none has a checkpoint yet */
  pickAll(): PooledModel[] {
    const { ready } = this;
    if (ready.length === 0) throw notReady();
    return ready;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.checking;
    await Promise.all(this.models.map(({ batcher }) => batcher?.close()));
  }

  private watch(): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.checking = Promise.allSettled(this.models.map((model) => model.load())).then(() => this.watch());
    }, watchMilliseconds);
    this.timer.unref();
  }
}

function notReady(): RequestError {
  return new RequestError(503, "The model has no checkpoint yet; it comes with its first epoch.", { "retry-after": "2" });
}

export class PooledModel {
  batcher: Batcher | undefined;
  private problem: string | undefined;
  /** Digests of the checkpoint in use, and of the newest one that could not be loaded. */
  private loaded: string | undefined;
  private refused: string | undefined;

  constructor(
    readonly source: ModelSource,
    private readonly options: PoolOptions,
  ) {}

  get classifier(): Classifier | undefined {
    return this.batcher?.current;
  }

  /** @param image [784] */
  classify(image: Float32Array): Promise<Answer> {
    return this.batcher ? this.batcher.classify(image) : Promise.reject(notReady());
  }

  /** Loads the checkpoint where it is new. @throws UserError where it cannot be loaded and none was before */
  async load(): Promise<void> {
    const { dir, name } = this.source;
    const { onNotice, onBatch, waiting } = this.options;
    try {
      if (!(await hasCheckpoint(dir)) && !this.batcher) return;
      const digest = JSON.stringify((await readCheckpointInfo(dir)).files);
      if (digest === this.loaded) this.problem = undefined;
      if (digest === this.loaded || digest === this.refused) return;
      this.refused = digest;
      const classifier = await openClassifier(dir, this.options);
      [this.loaded, this.refused] = [digest, undefined];
      if (this.batcher) this.batcher.replace(classifier);
      else this.batcher = new Batcher(classifier, { waiting, onBatch: (size) => onBatch(name, size) });
      this.problem = undefined;
      onNotice("info", `model ${name}: ${describe(classifier)}`);
    } catch (error) {
      const message = (error as Error).message;
      if (message !== this.problem) onNotice("warning", `model ${name}: ${message}${this.batcher ? " The one before stays in use." : ""}`);
      this.problem = message;
      if (!this.batcher) throw error;
    }
  }

  status(): ModelStatus {
    const { classifier, source, problem } = this;
    return {
      name: source.name,
      ...(classifier && {
        preset: classifier.info.preset,
        dataset: classifier.info.dataset,
        checkpoint: checkpointName(source),
        epoch: classifier.info.epoch,
        testAccuracy: classifier.info.metrics.testAccuracy,
      }),
      // The message itself names folders of this machine, which clients shall not see; the log has it.
      ...(problem !== undefined && { problem: "the newest checkpoint cannot be read; the log says why" }),
    };
  }
}

/** @returns the name of a model's checkpoint for clients, which shall not see this machine's folders */
export function checkpointName({ run, name, dir }: ModelSource): string {
  const [folder, model, owner] = dir.split(/[\\/]/).filter(Boolean).reverse();
  // A checkpoint that was copied elsewhere still has its run's name in it, but is not found under it.
  return model === name && owner === run ? `${run}/${name}/${folder}` : (folder ?? dir);
}

function describe({ info, engine }: Classifier): string {
  const accuracy = info.metrics.testAccuracy;
  return `checkpoint of epoch ${info.epoch}${accuracy === undefined ? "" : `, test accuracy ${(accuracy * 100).toFixed(2)} %`}, on ${engine.device}`;
}
