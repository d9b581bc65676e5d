import { afterEach, describe, expect, it, vi } from "vitest";
import type { TrainerCommand } from "../../dist/run/events.js";
import { initialState, reduce } from "../../dist/run/state/reduce.js";
import { clearCanvas, drawingKey, emptyDrawing, isBlank, movePen, togglePen } from "../../dist/ui/drawing.js";
import { DrawingPredictor } from "../../dist/ui/drawing-predictor.js";
import { initialUi, type UiState } from "../../dist/ui/interaction.js";
import { drawWithMouse } from "../../dist/ui/tui/drawing-mouse.js";
import { TrainerQuestions } from "../../dist/ui/tui/trainer-questions.js";
import { fakeRun } from "../run/fake-run.js";

const stroke = (length: number) => movePen(togglePen(emptyDrawing(), "ink"), 14, 6 + length);

describe("a drawing", () => {
  it("has ink where the pen goes, is erased and cleared, and never changes an earlier picture", () => {
    const blank = emptyDrawing();
    const dot = togglePen(blank, "ink");
    const line = movePen(dot, dot.x, dot.y + 10);
    expect(isBlank(blank)).toBe(true);
    expect(line.pixels[(dot.y + 5) * 28 + dot.x]).toBe(255);
    expect(dot.pixels[(dot.y + 5) * 28 + dot.x]).toBe(0);
    expect(line.revision).toBeGreaterThan(dot.revision);
    const lifted = movePen(togglePen(line, "ink"), 0, 0);
    expect(lifted.pixels).toEqual(line.pixels);
    const erased = movePen(togglePen({ ...line, pen: "up" }, "eraser"), dot.x, dot.y);
    expect(erased.pixels[(dot.y + 5) * 28 + dot.x]).toBe(0);
    expect(isBlank(clearCanvas(line))).toBe(true);
    expect(movePen(line, 99, -99)).toMatchObject({ x: 27, y: 0 });
  });

  it("is drawn with keys, and leaves other keys to the dashboard", () => {
    const drawn = ["space", "down", "down", "right"].reduce((drawing, key) => drawingKey(drawing, key)!, emptyDrawing());
    expect(drawn).toMatchObject({ x: 15, y: 8, pen: "ink" });
    expect(drawingKey(drawn, "space")!.pen).toBe("up");
    expect(isBlank(drawingKey(drawn, "c")!)).toBe(true);
    expect(drawingKey(drawn, "q")).toBeUndefined();
  });

  const panel = { x: 2, y: 1, width: 96, height: 31 };
  it("is drawn with the mouse while it is pressed, and the pen is lifted wherever it is released", () => {
    const at = (action: "down" | "move" | "up" | "wheelUp", x: number, y: number) => ({
      action,
      x: panel.x + 1 + 2 * x,
      y: panel.y + 1 + y,
    });
    const moved = drawWithMouse(emptyDrawing(), at("move", 3, 3), panel);
    expect(isBlank(moved)).toBe(true);
    const drawn = [at("down", 5, 5), at("move", 5, 15), at("wheelUp", 5, 5)].reduce((d, event) => drawWithMouse(d, event, panel), moved);
    expect([drawn.pixels[10 * 28 + 5], drawn.pixels[10 * 28 + 9]]).toEqual([255, 0]);
    expect(drawWithMouse(drawn, at("move", 40, 5), panel)).toBe(drawn);
    expect(drawWithMouse(drawn, at("up", 40, 5), panel)).toMatchObject({ pen: "up", revision: drawn.revision });
  });
});

describe("predictions of a drawing", () => {
  it("come from all models for the newest drawing; older drawings are passed over, and a blank one gets no prediction", async () => {
    const asked: number[] = [];
    const answers: (() => void)[] = [];
    const predicted = vi.fn();
    const model = (name: string) => ({
      name,
      origin: name,
      dataset: "mnist",
      classNames: [],
      predict: (pixels: Float32Array) => {
        asked.push(pixels.reduce((sum, value) => sum + value, 0));
        return new Promise<number[]>((resolve) => answers.push(() => resolve([asked.length])));
      },
    });
    const predictor = new DrawingPredictor([model("a"), model("b")], { predicted, failed: expect.fail });
    const answer = () => {
      for (const resolve of answers.splice(0)) resolve();
      return new Promise((resolve) => setImmediate(resolve));
    };
    predictor.ask(emptyDrawing());
    expect(asked).toHaveLength(0);
    predictor.ask(stroke(3));
    predictor.ask({ ...stroke(6), revision: 7 });
    predictor.ask({ ...stroke(9), revision: 8 });
    expect(asked).toHaveLength(2);
    await answer();
    expect(asked).toHaveLength(4);
    await answer();
    await answer();
    expect([asked.length, predicted.mock.calls.length]).toEqual([4, 2]);
  });

  it("that fail are reported with their errors", async () => {
    const failed = vi.fn();
    const predict = () => Promise.reject(new Error("no weights"));
    const predictor = new DrawingPredictor([{ name: "a", origin: "a", dataset: "mnist", classNames: [], predict }], {
      predicted: () => expect.fail("no prediction was made"),
      failed,
    });
    predictor.warmUp();
    await expect.poll(() => failed.mock.calls).toEqual([[new Error("no weights")]]);
  });
});

describe("questions to the trainers", () => {
  afterEach(() => void vi.useRealTimers());
  const state = [...fakeRun({ models: ["simple"], epochs: 1, stepsPerEpoch: 20, chunk: 4 })].reduce(reduce, initialState());

  it("are sent a moment after the last key, each once, for the cell and the drawing on the screen at that time", () => {
    vi.useFakeTimers();
    const sent: [TrainerCommand, string | undefined][] = [];
    let ui: UiState = { ...initialUi(), view: 2 };
    const questions = new TrainerQuestions(
      () => ({ ui, state }),
      (command, model) => sent.push([command, model]),
    );
    const look = (change: Partial<UiState>) => {
      ui = { ...ui, ...change };
      questions.schedule();
    };
    for (const column of [1, 2, 3]) look({ confusion: { row: 4, column, unit: "count" } });
    vi.advanceTimersByTime(1000);
    expect(sent).toMatchObject([[{ type: "examples", label: 4, prediction: 3 }, "simple"]]);
    look({ overlay: "drawing" });
    look({ drawing: stroke(5) });
    vi.advanceTimersByTime(1000);
    look({});
    vi.advanceTimersByTime(1000);
    expect(sent.slice(1)).toMatchObject([[{ type: "predict", id: stroke(5).revision }, undefined]]);
    look({ view: 1, drawing: stroke(9) });
    questions.stop();
    vi.advanceTimersByTime(1000);
    expect(sent).toHaveLength(2);
  });
});
