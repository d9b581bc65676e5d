import { describe, expect, it } from "vitest";
import type { DeviceEvent, RunEvent } from "../../dist/run/events.js";
import { appendPoint, emptyCurve } from "../../dist/run/state/curve.js";
import { initialState, reduce } from "../../dist/run/state/reduce.js";
import type { RunState } from "../../dist/run/state/state.js";
import { initialUi } from "../../dist/ui/interaction.js";
import { axisFraction, linearAxis, logAxis, tickNumber } from "../../dist/ui/panels/axis.js";
import { accuracyChart, type ChartOptions, downsample, lossChart } from "../../dist/ui/panels/chart.js";
import { confusionPanel, worstPairs } from "../../dist/ui/panels/confusion.js";
import { deviceLines, deviceTitle } from "../../dist/ui/panels/device.js";
import { gauges, percentText } from "../../dist/ui/panels/gauges.js";
import { layersPanel } from "../../dist/ui/panels/layers.js";
import { logRows } from "../../dist/ui/panels/log.js";
import { samplesPanel } from "../../dist/ui/panels/samples.js";
import { cpuChart, gpuChart, memoryChart, normChart, speedChart } from "../../dist/ui/panels/system.js";
import { comparisonTable, fitColumns } from "../../dist/ui/panels/table.js";
import { layout } from "../../dist/ui/tui/layout.js";
import { smallest } from "../../dist/ui/tui/widgets/too-small.js";
import { fakeRun, fakeStart } from "../run/fake-run.js";

function play(events: Iterable<RunEvent>): RunState {
  let state = initialState();
  for (const event of events) state = reduce(state, event);
  return state;
}

const events = [...fakeRun({ models: ["simple", "residual"], epochs: 3, stepsPerEpoch: 40, chunk: 4 })];
const run = play(events);
/** simple has ended, residual trains. */
const halfway = play(events.slice(0, events.findIndex(({ type }) => type === "done") + 1));
const options: ChartOptions = initialUi().chart;
const size = { columns: 60, rows: 15 };

describe("charts", () => {
  it("hold both models, training solid and test dashed, in one picture", () => {
    const chart = lossChart(run, options, size);
    expect(chart.series.map((series) => [series.label, series.model, series.style])).toEqual([
      ["simple", 0, "solid"],
      ["simple test", 0, "dashed"],
      ["residual", 1, "solid"],
      ["residual test", 1, "dashed"],
    ]);
    expect(chart.x.min).toBe(0);
    expect(chart.x.max).toBe(3);
    expect(chart.xLabel).toBe("epoch");
    expect(chart.empty).toBeUndefined();
  });

  it("give every curve's value at the cursor, and its newest value without a cursor", () => {
    const newest = lossChart(run, options, size);
    const early = lossChart(run, { ...options, cursor: 0.5 }, size);
    expect(newest.cursor).toBeUndefined();
    expect(early.cursor).toEqual({ x: 1.5, label: "epoch 1.50" });
    const { epochs, evaluations } = run.models[0];
    expect(early.series[1].reading).toBe(evaluations[0].testLoss.toFixed(4));
    expect(newest.series[0].reading).toBe(epochs.at(-1)!.loss.toFixed(4));
  });

  it("have epochs, steps or seconds as their axis", () => {
    expect(lossChart(run, { ...options, xAxis: "step" }, size).x.max).toBe(120);
    expect(lossChart(run, { ...options, xAxis: "seconds" }, size).x.max).toBeCloseTo(run.models[1].evaluations[2].seconds, 6);
  });

  it("zoom to the newest part", () => {
    const chart = lossChart(run, { ...options, zoom: 0.25 }, size);
    expect(chart.x.min).toBe(2.25);
    expect(chart.notes).toEqual(["last 25 %"]);
    const all = lossChart(run, options, size);
    expect(chart.y.max).toBeLessThan(all.y.max / 2);
  });

  it("smooth training curves towards the mean and leave evaluations as they are", () => {
    const range = (values: Float64Array) => {
      const late = values.filter((_, index) => index % 2 === 1).slice(-12);
      return Math.max(...late) - Math.min(...late);
    };
    const raw = lossChart(run, options, size);
    const smooth = lossChart(run, { ...options, smoothing: 0.1 }, size);
    expect(range(smooth.series[0].points)).toBeLessThan(range(raw.series[0].points));
    expect(smooth.series[1].points).toEqual(raw.series[1].points);
  });

  it("show a logarithmic loss without points at or below zero", () => {
    const start = [...fakeRun({ models: ["simple"], epochs: 1, stepsPerEpoch: 4, chunk: 4 })].slice(0, 1);
    const step = {
      run: "r",
      model: "simple",
      type: "step",
      accuracy: 0.5,
      learningRate: 1,
      imagesPerSecond: 1,
      batchesPerSecond: 1,
    } as const;
    const state = play([
      ...start,
      { ...step, time: fakeStart + 1, epoch: 0.25, step: 1, loss: 1 },
      { ...step, time: fakeStart + 2, epoch: 0.5, step: 2, loss: 0 },
      { ...step, time: fakeStart + 3, epoch: 0.75, step: 3, loss: 0.01 },
    ]);
    const chart = lossChart(state, { ...options, lossScale: "log" }, size);
    expect(chart.y.scale).toBe("log");
    expect([...chart.series[0].points]).toEqual([0.25, 1, 0.75, 0.01]);
    expect(chart.y.ticks.map((tick) => tick.label)).toContain("0.1");
  });

  it("have an accuracy axis of 90–100 % once every model has reached 90 %", () => {
    const late = accuracyChart(run, options, size);
    expect([late.y.min, late.y.max]).toEqual([0.9, 1]);
    const early = accuracyChart(
      play([...fakeRun({ models: ["simple"], epochs: 3, stepsPerEpoch: 40, chunk: 4 })].slice(0, 8)),
      options,
      size,
    );
    expect(early.y.min).toBeLessThan(0.9);
    expect([accuracyChart(run, { ...options, accuracyAxis: "full" }, size).y.min, early.y.max <= 1]).toEqual([0, true]);
  });

  it("name the events that they wait for while they are empty", () => {
    expect(lossChart(initialState(), options, size).empty).toBe("starting …");
    const [start] = fakeRun({ models: ["simple"], epochs: 1, stepsPerEpoch: 4, chunk: 4 });
    expect(lossChart(play([start]), options, size).empty).toBe("waiting for the first step …");
  });

  it("keep spikes when they are downsampled, in order and without losing the ends", () => {
    const pairs = new Float64Array(2 * 20_000);
    for (let index = 0; index < 20_000; index++)
      pairs.set([index, index === 7777 ? 50 : index === 8888 ? -50 : Math.sin(index)], index * 2);
    const few = downsample(pairs, 0, 19_999, 100, "linear");
    const xs = [...few].filter((_, index) => index % 2 === 0);
    const ys = [...few].filter((_, index) => index % 2 === 1);
    expect(few.length / 2).toBeLessThanOrEqual(404);
    expect(ys).toContain(50);
    expect(ys).toContain(-50);
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect([xs[0], xs.at(-1)]).toEqual([0, 19_999]);
  });

  it("never hold a number that is not finite", () => {
    const base = { run: "r", model: "m", type: "step", learningRate: 0.1, batchesPerSecond: 1 } as const;
    const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, 0];
    const state = play(
      bad.map((value, index) => ({
        ...base,
        time: index,
        epoch: index,
        step: index,
        loss: value,
        accuracy: value,
        imagesPerSecond: value,
      })),
    );
    for (const lossScale of ["linear", "log"] as const) {
      for (const chart of [
        lossChart(state, { ...options, lossScale }, size),
        accuracyChart(state, options, size),
        memoryChart(state, options, size),
      ]) {
        const numbers = [chart.x.min, chart.x.max, chart.y.min, chart.y.max, ...chart.series.flatMap((series) => [...series.points])];
        expect(numbers.every(Number.isFinite)).toBe(true);
      }
    }
  });

  it("show each GPU over time", () => {
    const all = [...fakeRun({ models: ["simple"], epochs: 3, stepsPerEpoch: 40, chunk: 4, gpus: 2 })];
    const state = play(all.slice(0, -1));
    const chart = gpuChart("memory")(state, options, size);
    expect(chart.series.map((series) => series.label)).toEqual(["GPU 0", "GPU 1"]);
    expect(chart.y.max).toBe(80 * 2 ** 30);
    expect(chart.series[0].points.length).toBeGreaterThan(2);
    expect(gpuChart("power")(state, options, size).series[1].reading).toMatch(/^\d+ W$/);
    expect(gpuChart("power")(play(all), options, size).series[1].reading).toBe("ended");
  });

  it("read no current value of a trainer that has ended, only those at the cursor", () => {
    const readings = (at: Partial<ChartOptions>) =>
      [cpuChart, memoryChart, speedChart].map((panel) => panel(halfway, { ...options, ...at }, size).series.map(({ reading }) => reading));
    for (const [first, second] of readings({})) {
      expect(first).toBe("ended");
      expect(second).toMatch(/^[\d,]+/);
    }
    for (const [first] of readings({ cursor: 1 })) expect(first).toMatch(/^[\d,]+/);
    expect(normChart(run, options, size).series[0].reading).toMatch(/^\d/);
  });
});

describe("axes", () => {
  it("have round ticks inside the range, without a negative zero", () => {
    expect(linearAxis(0, 2.3, 5, tickNumber).ticks.map((tick) => tick.label)).toEqual(["0.0", "0.5", "1.0", "1.5", "2.0"]);
    expect(linearAxis(-0.1, 1, 4, tickNumber).ticks[0].label).toBe("0.0");
    expect(logAxis(0.01, 1, 4, tickNumber).ticks.map((tick) => tick.label)).toEqual(["0.01", "0.1", "1"]);
  });

  it("survive an empty range", () => {
    for (const axis of [linearAxis(5, 5, 4, tickNumber), linearAxis(0, 0, 4, tickNumber), logAxis(1e-300, 1e-300, 3, tickNumber)]) {
      expect(axis.max).toBeGreaterThan(axis.min);
      expect(Number.isFinite(axisFraction(axis, axis.min))).toBe(true);
    }
  });
});

describe("gauges", () => {
  it("never show 100 % before the end, and never more than that", () => {
    expect([0, 0.004, 0.5, 0.9999, 1, 1.01, -1].map(percentText)).toEqual(["0 %", "0 %", "50 %", "99 %", "100 %", "100 %", "0 %"]);
  });

  it("say since when a loss is no number", () => {
    const [start] = events;
    const step = events.find(({ type }) => type === "step") as Extract<RunEvent, { type: "step" }>;
    expect(gauges(play([start, { ...step, step: 7, epoch: 0.2, loss: Number.NaN }]))[0]).toMatchObject({
      text: "epoch 0.2/3, loss NaN since step 7",
      tone: "error",
    });
  });

  it("have one line for each model and one for the run", () => {
    expect(gauges(run).map((gauge) => [gauge.label, gauge.fraction, gauge.text])).toEqual([
      ["simple", 1, "done"],
      ["residual", 1, "done"],
      ["run", 1, "done"],
    ]);
  });
});

describe("tables", () => {
  it("give each model's difference to the first one", () => {
    const table = comparisonTable(run, 0.98);
    const headings = table.columns.map((column) => column.heading);
    const [first, second] = table.rows.map((row) => row[headings.indexOf("vs first")]);
    expect(first).toBe("–");
    const points = (run.models[1].testAccuracy! - run.models[0].testAccuracy!) * 100;
    expect(second).toMatch(new RegExp(`^${points < 0 ? "−" : "\\+"}${Math.abs(points).toFixed(2)} % ± 0\\.\\d\\d(, within noise)?$`));
    expect(headings).toContain("to 98 %");
  });

  it("show the current speed beside that of the whole training, and of models that have ended only the latter", () => {
    const cells = (state: RunState, model: number, wanted: string[]) => {
      const { columns, rows } = comparisonTable(state, 0.98);
      return wanted.map((heading) => rows[model][columns.findIndex((column) => column.heading === heading)]);
    };
    const columns = ["images/s", "batches/s", "memory", "mean img/s"];
    expect(cells(halfway, 0, columns)).toEqual(["–", "–", "–", "14,200"]);
    expect(cells(halfway, 1, columns)).toEqual([expect.stringMatching(/^[34],\d{3}$/), "7.6", expect.stringMatching(/MB$/), "3,900"]);
    expect(cells(run, 1, columns)).toEqual([undefined, undefined, undefined, "3,900"]);
  });

  it("drop the least important columns where the panel is narrow", () => {
    const table = comparisonTable(run, 0.98);
    for (let width = 1; width < 150; width++) {
      const { table: shown, widths } = fitColumns(table, width);
      const used = widths.reduce((sum, value) => sum + value, 0) + 2 * (widths.length - 1);
      expect(used).toBeLessThanOrEqual(width);
      expect(shown.columns[0].heading).toBe("model");
    }
    expect(fitColumns(table, 40).table.columns.map((column) => column.heading)).toEqual(["model", "loss", "test acc", "mean img/s"]);
    expect(fitColumns(comparisonTable(halfway, 0.98), 40).table.columns.at(-1)!.heading).toBe("images/s");
  });

  it("list layers with shapes and norms, and scale the filters by the largest weight", () => {
    const data = layersPanel(run.models[0]);
    expect(data.table.rows[0]).toEqual(["conv1", "conv 3×3, 16", "16×28×28", "160", "2.90", "0.100"]);
    expect(data.table.rows[6]).toEqual(["flatten", "flatten", "1568", "", "", ""]);
    expect(data.filters!.images).toHaveLength(16);
    expect(Math.max(...data.filters!.images.flatMap((image) => [...image].map(Math.abs)))).toBeCloseTo(1, 6);
    expect(layersPanel(undefined).empty).toBeDefined();
  });
});

describe("confusion matrix", () => {
  const at = { row: 4, column: 9, unit: "count", back: 0 } as const;

  it("names the most confused pairs in words", () => {
    const confusion = Array.from({ length: 10 }, (_, label) =>
      Array.from({ length: 10 }, (_, prediction): number => (label === prediction ? 90 : 0)),
    );
    confusion[4][9] = 12;
    confusion[7][2] = 3;
    const names = Array.from({ length: 10 }, (_, digit) => String(digit));
    expect(worstPairs(confusion, names)).toEqual(["12× 4 read as 9", "3× 7 read as 2"]);
  });

  it("shows counts or shares of the row, and steps back through evaluations", () => {
    const model = run.models[0];
    const live = confusionPanel(model, at)!;
    const before = confusionPanel(model, { ...at, back: 2, unit: "percent" })!;
    expect(live.cells[4][9].text).toBe(String(model.evaluations[2].confusion[4][9]));
    expect(before.cells[4][4].text).toBe((model.evaluations[0].confusion[4][4] / 10).toFixed(1));
    expect(before.caption).toContain("evaluation 1 of 3");
    expect(confusionPanel(model, { ...at, back: 99 })!.caption).toContain("evaluation 1 of 3");
  });

  it("shows the trainer's examples of the selected cell, or those of the log where the trainer has not answered", () => {
    const model = run.models[0];
    const { step } = model.evaluations[2];
    const wanted = model.mistakes.at(-1)!.worst[0];
    const fromLog = confusionPanel(model, { ...at, row: wanted.label, column: wanted.prediction })!;
    expect(fromLog.examples.samples.map((sample) => sample.index)).toContain(wanted.index);
    const answer = {
      run: "r",
      model: "simple",
      time: 1,
      type: "examples",
      id: 1,
      label: 4,
      prediction: 9,
      step,
      total: 77,
      samples: [wanted],
    } as const;
    const asked = reduce(run, { ...answer, samples: [...answer.samples] });
    expect(confusionPanel(asked.models[0], at)!.examples).toMatchObject({ total: 77, samples: [wanted] });
    expect(confusionPanel(asked.models[0], { ...at, back: 1 })!.examples.total).not.toBe(77);
  });

  it("is absent before the first evaluation", () => {
    expect(confusionPanel(undefined, at)).toBeUndefined();
    expect(confusionPanel(initialState().models[0], at)).toBeUndefined();
  });
});

describe("samples", () => {
  it("hold ten images with truth, prediction and probabilities", () => {
    const data = samplesPanel(run.models[0], "fixed", 0);
    expect(data.tiles).toHaveLength(10);
    expect(data.tiles[3]).toMatchObject({ truth: "3", prediction: "3", right: true, label: 3 });
    expect(data.tiles[3].pixels).toHaveLength(784);
    expect(data.tiles[3].probabilities).toHaveLength(10);
    expect(samplesPanel(run.models[0], "fixed", 1).tiles[8].right).toBe(true);
    expect(samplesPanel(run.models[0], "fixed", 2).tiles[8]).toMatchObject({ truth: "8", prediction: "3", right: false });
  });

  it("show the worst mistakes and the least certain", () => {
    expect(samplesPanel(run.models[0], "worst", 0).tiles.every((tile) => !tile.right)).toBe(true);
    expect(samplesPanel(run.models[0], "uncertain", 0).caption).toBe("least certain, epoch 3");
    expect(samplesPanel(undefined, "worst", 0).empty).toBeDefined();
  });
});

describe("device and log", () => {
  it("name the device in use", () => {
    const lines = deviceLines(run).map((line) => `${line.label}: ${line.text}`);
    expect(lines).toContain("device: CPU, AVX-512, 1 thread");
  });

  it("tell memory and processor time of a trainer that trains, and of one that has ended its peak", () => {
    const told = (state: RunState) => deviceLines(state).map((line) => `${line.label}: ${line.text}`);
    const lines = told(halfway);
    expect(lines.find((line) => line.startsWith("simple"))).toMatch(/^simple: ended, had 18\d MB RAM at most$/);
    expect(lines.find((line) => line.startsWith("residual"))).toMatch(/^residual: \d+ MB RAM, CPU \d+ %$/);
    expect(lines.some((line) => line.startsWith("machine"))).toBe(true);
    expect(told(run).filter((line) => /^machine|CPU \d+ %/.test(line))).toEqual([]);
    expect(deviceTitle(run)).toBe("device: no GPU seen, host's figures");
  });

  it("name the reason why a better device is not in use", () => {
    const lines = deviceLines(run).map((line) => `${line.label}: ${line.text}`);
    expect(lines).toContain("not cuda: no NVIDIA driver was found (libcuda.so.1)");
  });

  it("say that no GPU is seen, only where that is known", () => {
    const told = (fields: Partial<DeviceEvent>) =>
      deviceTitle(reduce(initialState(), { run: "r", model: "m", time: 1, type: "device", hostBytes: 1, cpuPercent: 1, ...fields }));
    const gpu = { name: "NVIDIA", memoryUsed: 1, memoryTotal: 2 };
    expect(told({ gpus: [] })).toBe("device: no GPU seen, host's figures");
    expect(told({})).toBe("device");
    expect(told({ gpus: [gpu] })).toBe("device");
    // A GPU without NVIDIA's driver, on which the engine knows its own bytes.
    expect(told({ gpus: [], deviceBytes: 5 })).toBe("device");
  });

  it("show the newest lines and scroll back", () => {
    const newest = logRows(run, 3);
    expect(newest.at(-1)!.message).toBe("completed");
    expect(logRows(run, 3, 1)[1]).toEqual(newest[0]);
    expect(logRows(run, 3, 10_000)[0].message).toBe("trains on CPU, AVX-512, 1 thread");
  });
});

describe("layout", () => {
  it("covers the body without overlap at every size, in every view", () => {
    for (const view of [1, 2, 3, 4, 5] as const) {
      for (let columns = smallest.width; columns <= 300; columns += 11) {
        for (let rows = smallest.height - 2; rows <= 100; rows += 5) {
          for (const models of [0, 2, 6]) {
            for (const gpus of [0, 1, 8]) {
              const places = layout(view, { columns, rows, models, gpus, stage: (columns + rows) % 2 ? "final" : "running" });
              const taken = new Uint8Array(columns * rows);
              for (const place of places) {
                if (place.columns < 1 || place.rows < 1) expect.fail(`view ${view}: a widget has no room`);
                for (let y = place.row; y < place.row + place.rows; y++)
                  taken.subarray(y * columns + place.column, y * columns + place.column + place.columns).forEach((value, x, cells) => {
                    cells[x] = value + 1;
                  });
              }
              if (!taken.every((value) => value === 1)) expect.fail(`view ${view}, ${columns}×${rows}, ${models} models, ${gpus} GPUs`);
            }
          }
        }
      }
    }
  });
});

it("the curves of two models never share points", () => {
  const one = appendPoint(emptyCurve, { step: 1, epoch: 1, seconds: 1, value: 1 });
  const other = appendPoint(emptyCurve, { step: 1, epoch: 1, seconds: 1, value: 2 });
  expect([one.buffer.data[3], other.buffer.data[3]]).toEqual([1, 2]);
});
