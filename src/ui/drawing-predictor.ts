import { type Drawing, emptyDrawing, framedDrawing, isBlank, togglePen } from "./drawing.js";

/** A trained model that reads drawings. */
export interface PredictingModel {
  name: string;
  /** For people: "simple, best of run 2025-01-02" */
  origin: string;
  dataset: string;
  classNames: readonly string[];
  /** @param pixels [784] in [0, 1], framed as the dataset's images @returns [10] probabilities */
  predict(pixels: Float32Array): Promise<readonly number[]>;
}

interface PredictorEvents {
  /** @param probabilities [models][10], in the models' order */
  predicted(probabilities: (readonly number[])[]): void;
  failed(error: unknown): void;
}

/** Asks all models about the newest drawing, one drawing at a time: those that come in between are passed over. */
export class DrawingPredictor {
  private newest = emptyDrawing();
  private askedRevision = this.newest.revision;
  private busy = false;
  private stopped = false;

  constructor(
    private readonly models: readonly PredictingModel[],
    private readonly events: PredictorEvents,
  ) {}

  /** The first answer takes longest: it is given here, before a drawing waits for it. */
  warmUp(): void {
    void this.answerNewest(togglePen(emptyDrawing(), "ink"));
  }

  ask(drawing: Drawing): void {
    this.newest = drawing;
    if (!this.busy) void this.answerNewest();
  }

  stop(): void {
    this.stopped = true;
  }

  /** @param first is predicted before, without telling */
  private async answerNewest(first?: Drawing): Promise<void> {
    this.busy = true;
    try {
      if (first !== undefined) await this.predict(first);
      while (!this.stopped && this.newest.revision !== this.askedRevision) {
        const drawing = this.newest;
        this.askedRevision = drawing.revision;
        if (!isBlank(drawing)) this.events.predicted(await this.predict(drawing));
      }
    } catch (error) {
      this.events.failed(error);
    }
    this.busy = false;
  }

  /** The drawing is framed once for all models of a dataset. */
  private predict(drawing: Drawing): Promise<(readonly number[])[]> {
    const datasets = new Set(this.models.map(({ dataset }) => dataset));
    const framed = new Map(
      [...datasets].map((dataset) => [dataset, Float32Array.from(framedDrawing(drawing, dataset), (value) => value / 255)]),
    );
    return Promise.all(this.models.map((model) => model.predict(framed.get(model.dataset)!)));
  }
}
