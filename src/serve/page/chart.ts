import type UPlot from "uplot";
import type { ModelFigures, Points } from "../run-figures.js";

declare const uPlot: typeof UPlot;

/** Loss and accuracies of all models over fractional epochs, on two axes; the legend shows every value under the pointer. */

/** Training loss, training accuracy, test accuracy; one row a model. */
const colours = [
  ["#3b82f6", "#22a35a", "#f97316"],
  ["#8b5cf6", "#0ea5b7", "#e11d48"],
  ["#64748b", "#84a80c", "#d4a006"],
  ["#1e40af", "#15803d", "#b45309"],
];
const height = 340;

interface Line {
  label: string;
  scale: "loss" | "accuracy";
  colour: string;
  dashed: boolean;
  points: Points;
}

export class Chart {
  private plot: UPlot | undefined;
  private shown = "";
  private lines: Line[] = [];

  constructor(private readonly container: HTMLElement) {
    new ResizeObserver(() => this.plot?.setSize({ width: this.width(), height })).observe(container);
  }

  update(models: readonly ModelFigures[]): void {
    this.lines = models.flatMap(linesOf);
    const data = this.joined();
    const shown = this.lines.map(({ label }) => label).join("|");
    if (this.plot && shown === this.shown) this.plot.setData(data);
    else {
      this.plot?.destroy();
      this.plot = new uPlot(this.options(), data, this.container);
      this.shown = shown;
    }
  }

  private width(): number {
    return Math.max(240, this.container.clientWidth);
  }

  private options(): UPlot.Options {
    const grey = getComputedStyle(document.body).getPropertyValue("color");
    const axis = {
      stroke: grey,
      grid: { stroke: "rgb(128 128 128 / 0.2)", width: 1 },
      ticks: { stroke: "rgb(128 128 128 / 0.3)", width: 1 },
    };
    return {
      width: this.width(),
      height,
      cursor: { drag: { x: true, y: false } },
      scales: {
        x: { time: false },
        // Early values lie far from the later ones, whose differences matter.
        accuracy: { range: () => accuracyRange(this.lines) },
        loss: { range: (_, _min, max) => [0, Math.max(0.05, Number.isFinite(max) ? max * 1.05 : 1)] },
      },
      axes: [
        { ...axis, label: "epoch", size: 40, labelSize: 20 },
        { ...axis, scale: "accuracy", label: "accuracy, %", size: 50, labelSize: 20 },
        { ...axis, scale: "loss", label: "loss", side: 1, size: 50, labelSize: 20, grid: { show: false } },
      ],
      series: [
        { label: "epoch", value: (_, value) => (value === null ? "–" : value.toFixed(2)) },
        ...this.lines.map(
          ({ label, scale, colour, dashed }, i): UPlot.Series => ({
            label,
            scale,
            stroke: colour,
            width: 1.5,
            dash: dashed ? [6, 4] : undefined,
            spanGaps: true,
            points: { show: dashed },
            value: (plot, _value, _series, index) => this.valueAt(i, index === null ? undefined : plot.data[0][index]),
          }),
        ),
      ],
    };
  }

  /** The newest value up to an epoch: test accuracy is known at the ends of epochs only. */
  private valueAt(line: number, epoch: number | undefined): string {
    const { points, scale } = this.lines[line];
    const index = epoch === undefined ? points.epoch.length - 1 : points.epoch.findLastIndex((at) => at <= epoch);
    if (index < 0) return "–";
    return scale === "loss" ? points.value[index].toFixed(4) : `${points.value[index].toFixed(2)} %`;
  }

  /** uPlot wants one list of x for all lines. */
  private joined(): UPlot.AlignedData {
    if (this.lines.length === 0) return [[]];
    return uPlot.join(this.lines.map(({ points }) => [points.epoch, points.value]));
  }
}

function linesOf({ name, curves }: ModelFigures, index: number): Line[] {
  const [loss, training, test] = colours[index % colours.length];
  const inPercent = ({ epoch, value }: Points) => ({ epoch, value: value.map((fraction) => 100 * fraction) });
  return [
    { label: `${name}: training loss`, scale: "loss", colour: loss, dashed: false, points: curves.loss },
    { label: `${name}: training accuracy`, scale: "accuracy", colour: training, dashed: false, points: inPercent(curves.accuracy) },
    { label: `${name}: test accuracy`, scale: "accuracy", colour: test, dashed: true, points: inPercent(curves.testAccuracy) },
  ];
}

/** 90–100 % once every model is above 91 %, else 0–100 %. */
function accuracyRange(lines: readonly Line[]): [number, number] {
  const newest = lines.filter(({ scale }) => scale === "accuracy").map(({ points }) => points.value.at(-1) ?? 100);
  return Math.min(...newest) > 91 ? [90, 100] : [0, 100];
}
