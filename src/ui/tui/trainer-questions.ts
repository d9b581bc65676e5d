import type { TrainerCommand } from "../../run/events.js";
import type { ModelState, RunState } from "../../run/state/state.js";
import { framedDrawing, isBlank } from "../drawing.js";
import type { UiState } from "../interaction.js";

/** A key held down asks for the cell where it stops, not for every cell on the way. */
const delayMilliseconds = 120;

/** Asks the trainers for answers that the screen shows and no event brings by itself: images of a confusion cell, predictions of the drawing. */
export class TrainerQuestions {
  private timer: NodeJS.Timeout | undefined;
  /** The confusion cell and the drawing's revision that were asked about last: each is asked about once. */
  private askedCell = "";
  private askedRevision = 0;

  /**
   * @param seen the choices and the run that are on the screen now
   * @param send to one model's trainer, or to all
   */
  constructor(
    private readonly seen: () => { ui: UiState; state: RunState },
    private readonly send: (command: TrainerCommand, model?: string) => void,
  ) {}

  /** Questions may have come up: they are asked in a moment. */
  schedule(): void {
    this.timer ??= setTimeout(() => this.ask(), delayMilliseconds);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private ask(): void {
    this.timer = undefined;
    const { ui, state } = this.seen();
    const model = state.models[ui.selected];
    if (ui.view === 2 && model !== undefined) this.askForCell(ui, model);
    if (ui.overlay === "drawing") this.askForDrawing(ui, model?.start?.dataset ?? "");
  }

  private askForCell({ confusion: { row, column }, back }: UiState, { name, evaluations }: ModelState): void {
    if (evaluations.length === 0) return;
    const { step } = evaluations[Math.max(0, evaluations.length - 1 - back)];
    const cell = `${name} ${step} ${row} ${column}`;
    if (cell === this.askedCell) return;
    this.askedCell = cell;
    this.send({ type: "examples", id: step * 100 + row * 10 + column, label: row, prediction: column, step }, name);
  }

  private askForDrawing({ drawing }: UiState, dataset: string): void {
    if (drawing.revision === this.askedRevision || isBlank(drawing)) return;
    this.askedRevision = drawing.revision;
    const pixels = Buffer.from(framedDrawing(drawing, dataset)).toString("base64");
    this.send({ type: "predict", id: drawing.revision, pixels });
  }
}
