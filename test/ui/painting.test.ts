import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../dist/run/events.js";
import { initialState, reduce } from "../../dist/run/state/reduce.js";
import type { RunState } from "../../dist/run/state/state.js";
import { initialUi, type UiState } from "../../dist/ui/interaction.js";
import { layout } from "../../dist/ui/tui/layout.js";
import type { Context, Painter } from "../../dist/ui/tui/paint/painter.js";
import { createRaster } from "../../dist/ui/tui/paint/raster.js";
import { Surface } from "../../dist/ui/tui/paint/surface.js";
import { createTheme } from "../../dist/ui/tui/paint/theme.js";
import { accuracy, loss } from "../../dist/ui/tui/widgets/chart.js";
import { device } from "../../dist/ui/tui/widgets/device.js";
import { drawing } from "../../dist/ui/tui/widgets/drawing.js";
import { footer, header } from "../../dist/ui/tui/widgets/header-footer.js";
import { confirm, help } from "../../dist/ui/tui/widgets/overlays.js";
import { table } from "../../dist/ui/tui/widgets/table.js";
import { paintTooSmall } from "../../dist/ui/tui/widgets/too-small.js";
import { randomKey, randomUniform } from "../../dist/util/random.js";
import { fakeRun } from "../run/fake-run.js";

function play(events: Iterable<RunEvent>): RunState {
  let state = initialState();
  for (const event of events) state = reduce(state, event);
  return state;
}

const bad = { run: "r", model: "n\u001b[2Jame 漢字 that is rather long", time: 5, epoch: Number.NaN, step: 1 };
const states: RunState[] = [
  initialState(),
  play([...fakeRun({ models: ["simple"], epochs: 2, stepsPerEpoch: 20, chunk: 4 })].slice(0, 1)),
  play(
    fakeRun({ models: ["simple", "deep", "vgg", "compact"], epochs: 2, stepsPerEpoch: 20, chunk: 4, gpus: 2, dataset: "fashion-mnist" }),
  ),
  play([
    {
      ...bad,
      type: "step",
      loss: Number.NaN,
      accuracy: Number.POSITIVE_INFINITY,
      learningRate: -1,
      imagesPerSecond: Number.NaN,
      batchesPerSecond: 0,
    },
    { ...bad, type: "eval", testLoss: Number.NaN, testAccuracy: Number.NaN, confusion: [], seconds: 0 },
    { ...bad, type: "samples", samples: [{ index: 0, label: 12, prediction: -1, probabilities: [], pixels: "!" }] },
    { ...bad, type: "layers", layers: [], filters: { count: 1, size: 3, values: [] } },
    {
      ...bad,
      type: "device",
      hostBytes: Number.NaN,
      cpuPercent: Number.NaN,
      gpus: [{ name: "\u0007", memoryUsed: Number.NaN, memoryTotal: 0 }],
    },
    { ...bad, type: "log", level: "error", message: "\u001b[31m🙂" },
  ] as RunEvent[]),
];
/** Every painter that a layout places, and those outside of the views. */
const placed = new Set(
  ([1, 2, 3, 4, 5] as const).flatMap((view) =>
    [20, 60].flatMap((rows) =>
      [70, 110, 200].flatMap((columns) =>
        [0, 1].flatMap((gpus) =>
          (["running", "final"] as const).flatMap((stage) =>
            layout(view, { rows, columns, models: 2, gpus, stage }).map((widget) => widget.paint),
          ),
        ),
      ),
    ),
  ),
);
const tooSmall: Painter = (surface, { theme }) => paintTooSmall(surface, theme, "training goes on");
const all: Painter[] = [...placed, header, footer, help, confirm, drawing, tooSmall];
const themes = ([256, 16, 1] as const).flatMap((depth) =>
  (["unicode", "ascii"] as const).map((charset) => createTheme({ depth, charset })),
);

describe("every widget", () => {
  it("has its place in a view", () => {
    expect(placed.size).toBe(25);
  });

  it("paints any state at 500 random sizes between 0×0 and 300×100 in every theme, one printable character in each cell", () => {
    const key = randomKey(1, 6, 0);
    let drawn = 0;
    const random = (limit: number) => Math.floor(randomUniform(key, drawn++) * limit);
    for (let turn = 0; turn < 500; turn++) {
      const small = turn % 2 === 0;
      const surface = Surface.create(random(small ? 50 : 301), random(small ? 15 : 101), themes[turn % themes.length].charset);
      const views = initialUi();
      const ui: UiState = {
        ...views,
        view: ((turn % 5) + 1) as UiState["view"],
        selected: random(4),
        back: random(3),
        confusion: { row: random(10), column: random(10), unit: turn % 3 ? "count" : "percent" },
        samplesMode: (["fixed", "worst", "uncertain"] as const)[turn % 3],
        chart: {
          ...views.chart,
          cursor: turn % 4 ? undefined : randomUniform(key, turn),
          lossScale: turn % 2 ? "log" : "linear",
          zoom: turn % 5 ? 1 : 0.1,
        },
        overlay: turn % 2 ? "confirm-quit" : "confirm-stop",
      };
      const context: Context = { state: states[turn % states.length], ui, theme: themes[turn % themes.length], title: "mnist-tui" };
      for (const [number, paint] of all.entries()) {
        paint(surface, context);
        for (let y = 0; y < surface.height; y++) {
          for (let x = 0; x < surface.width; x++) {
            const character = surface.character(x, y);
            const safe =
              surface.charset === "ascii"
                ? character >= " " && character <= "~"
                : character >= " " && character !== "\u007f" && character < "\u2900";
            if (character.length !== 1 || !safe) expect.fail(`painter ${number} painted ${JSON.stringify(character)}`);
          }
        }
      }
    }
  });

  it("marks synthetic digits in the first line, in every view and at every width", () => {
    for (const dataset of ["synthetic", "mnist"]) {
      const state = play([...fakeRun({ models: ["simple"], epochs: 2, stepsPerEpoch: 20, chunk: 4, dataset })].slice(0, 2));
      for (const [width, view] of [
        [80, 1],
        [200, 4],
      ] as const) {
        const surface = Surface.create(width, 1, "unicode");
        header(surface, { state, ui: { ...initialUi(), view }, theme: themes[0], title: "mnist-tui" });
        expect(surface.lines()[0].includes("SYNTHETIC")).toBe(dataset === "synthetic");
      }
    }
  });

  it("shows failures, and a diverged loss as NaN", () => {
    const context: Context = { state: states[3], ui: initialUi(), theme: themes[0], title: "mnist-tui" };
    const surface = Surface.create(150, 8, "unicode");
    table(surface, context);
    expect(surface.lines().join("\n")).toContain("NaN");
    expect(surface.lines().join("\n")).not.toContain("undefined");
  });

  it("cuts no figure of the table, in ASCII either, and says how the best one and the interval are to be read", () => {
    const state = play(fakeRun({ models: ["simple", "residual"], epochs: 5, stepsPerEpoch: 117, chunk: 3 }));
    for (const charset of ["unicode", "ascii"] as const) {
      for (let width = 70; width <= 200; width++) {
        const surface = Surface.create(width, 5, charset);
        table(surface, { state, ui: initialUi(), theme: createTheme({ depth: 256, charset }), title: "" });
        const [border, , , residual] = surface.lines();
        if (!surface.lines()[1].includes("vs first")) continue;
        expect(residual).toMatch(charset === "ascii" ? /-0\.29 % \+- 0\.16 / : /−0\.29 % ± 0\.16 /);
        expect(border).toContain("best: chosen on test images");
      }
    }
  });

  it("ends the device's figures with … where some do not fit", () => {
    const context: Context = { state: states[2], ui: initialUi(), theme: themes[0], title: "mnist-tui" };
    const [low, high] = [5, 40].map((rows) => {
      const surface = Surface.create(60, rows, "unicode");
      device(surface, context);
      return surface.lines().join("\n");
    });
    expect(low).toContain("…");
    expect(high).not.toContain("…");
  });
});

describe("colours", () => {
  const foreground = (attribute: number) => (attribute >> 9) & 0x1ff;

  it("of one model are blue for the training loss, green for its accuracy and orange for the test", () => {
    const state = play(fakeRun({ models: ["simple"], epochs: 3, stepsPerEpoch: 20, chunk: 2 }));
    const theme = createTheme({ depth: 256, charset: "unicode" });
    const colors = (paint: Painter) => {
      const surface = Surface.create(80, 20, "unicode");
      paint(surface, { state, ui: initialUi(), theme, title: "" });
      const found = new Set<number>();
      for (let y = 3; y < 17; y++) {
        for (let x = 10; x < 79; x++)
          if (surface.character(x, y) >= "\u2800" && surface.character(x, y) <= "\u28ff") found.add(foreground(surface.attribute(x, y)));
      }
      return found;
    };
    expect(colors(loss)).toEqual(new Set([foreground(theme.trainLoss), foreground(theme.test)]));
    expect(colors(accuracy)).toEqual(new Set([foreground(theme.trainAccuracy), foreground(theme.test)]));
  });

  it("of six models differ in every theme that has colours", () => {
    for (const depth of [256, 16] as const) expect(new Set(createTheme({ depth, charset: "unicode" }).models).size).toBe(6);
  });

  it("stay within sixteen where the terminal has sixteen", () => {
    const theme = createTheme({ depth: 16, charset: "unicode" });
    for (const [number, paint] of all.entries()) {
      const surface = Surface.create(120, 40, "unicode");
      paint(surface, { state: states[2], ui: { ...initialUi(), overlay: "confirm-quit" }, theme, title: "mnist-tui" });
      for (let y = 0; y < 40; y++) {
        for (let x = 0; x < 120; x++) {
          for (const color of [foreground(surface.attribute(x, y)), surface.attribute(x, y) & 0x1ff]) {
            if (color > 15 && color !== 0x1ff) expect.fail(`painter ${number} paints colour ${color}`);
          }
        }
      }
    }
  });
});

describe("raster", () => {
  const picture = (columns: number, rows: number, kind: "braille" | "marks", points: number[], style: "solid" | "dashed" = "solid") => {
    const raster = createRaster(columns, rows, kind);
    raster.line(points, 0, style);
    return Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (_, x) => raster.character(x, y) || " ").join(""));
  };

  it("draws lines in braille and in marks", () => {
    expect(picture(4, 2, "braille", [0, 7, 7, 0])).toEqual(["  ⡠⠊", "⡠⠊  "]);
    expect(picture(3, 3, "marks", [0, 0, 2, 2])).toEqual(["*  ", " * ", "  *"]);
  });

  it("clips lines that lie outside, however far", () => {
    expect(picture(3, 3, "marks", [-1e300, 1, 1e300, 1])).toEqual(["   ", "***", "   "]);
    expect(picture(3, 3, "marks", [0, 50, 2, 90])).toEqual(["   ", "   ", "   "]);
    expect(picture(3, 3, "marks", [0, Number.NaN, 2, Number.POSITIVE_INFINITY])).toEqual(["   ", "   ", "   "]);
    expect(picture(0, 0, "braille", [0, 0, 1, 1])).toEqual([]);
  });

  it("gives a cell to the curve with most dots in it, or to a dashed curve that crosses that one", () => {
    const raster = createRaster(2, 1, "braille");
    raster.line([0, 0, 3, 0], 0, "solid");
    raster.line([0, 3, 0, 3], 1, "solid");
    expect([raster.owner(0, 0), raster.owner(1, 0)]).toEqual([0, 0]);
    raster.line([0, 1, 1, 1], 2, "dashed");
    expect(raster.owner(0, 0)).toBe(2);
  });
});
