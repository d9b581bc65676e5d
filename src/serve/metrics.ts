import { monitorEventLoopDelay } from "node:perf_hooks";

/** Metrics in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4). */

type Labels = Record<string, string>;

class Counter {
  private readonly values = new Map<string, number>();

  constructor(
    private readonly name: string,
    private readonly help: string,
  ) {}

  add(labels: Labels = {}, amount = 1): void {
    const key = labelText(labels);
    this.values.set(key, (this.values.get(key) ?? 0) + amount);
  }

  render(): string {
    return family(
      this.name,
      "counter",
      this.help,
      [...this.values].map(([labels, value]) => `${this.name}${labels} ${value}`),
    );
  }
}

class Histogram {
  private readonly counts: number[];
  private sum = 0;
  private count = 0;

  /** @param bounds upper bounds of the buckets, ascending */
  constructor(
    private readonly name: string,
    private readonly help: string,
    private readonly bounds: readonly number[],
  ) {
    this.counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.sum += value;
    this.count++;
    for (let i = 0; i < this.bounds.length; i++) if (value <= this.bounds[i]) this.counts[i]++;
  }

  render(): string {
    return family(this.name, "histogram", this.help, [
      ...this.bounds.map((bound, i) => `${this.name}_bucket{le="${bound}"} ${this.counts[i]}`),
      `${this.name}_bucket{le="+Inf"} ${this.count}`,
      `${this.name}_sum ${this.sum}`,
      `${this.name}_count ${this.count}`,
    ]);
  }
}

/** Everything the server counts. */
export class Metrics {
  readonly requests = new Counter("mnist_tui_requests_total", "Requests by route and status code.");
  readonly predictions = new Counter("mnist_tui_predictions_total", "Predictions by model and label.");
  readonly seconds = new Histogram(
    "mnist_tui_predict_seconds",
    "Time to answer a prediction, decoding included.",
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  );
  readonly batches = new Histogram("mnist_tui_batch_size", "Pictures that went through a network together.", [1, 2, 4, 8, 16, 32, 64]);
  private readonly delay = monitorEventLoopDelay({ resolution: 10 });

  constructor() {
    this.delay.enable();
  }

  /** @param gauges further values of the moment, by name */
  render(gauges: readonly { name: string; help: string; values: readonly { labels?: Labels; value: number }[] }[]): string {
    const { rss, heapUsed } = process.memoryUsage();
    // The histogram counts from one sampling interval to the next, so an idle loop reads as that interval.
    const longest = Math.max(0, this.delay.max / 1e9 - 0.01);
    this.delay.reset();
    const moments = [
      { name: "process_resident_memory_bytes", help: "Resident memory.", values: [{ value: rss }] },
      { name: "nodejs_heap_used_bytes", help: "JavaScript heap in use.", values: [{ value: heapUsed }] },
      {
        name: "mnist_tui_event_loop_delay_seconds_max",
        help: "Longest delay of the event loop since the last scrape.",
        values: [{ value: longest }],
      },
      ...gauges,
    ];
    return [
      ...[this.requests, this.predictions, this.seconds, this.batches].map((metric) => metric.render()),
      ...moments.map(({ name, help, values }) =>
        family(
          name,
          "gauge",
          help,
          values.map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value}`),
        ),
      ),
    ].join("");
  }

  close(): void {
    this.delay.disable();
  }
}

function family(name: string, type: string, help: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("\n")}\n`;
}

function labelText(labels: Labels): string {
  const entries = Object.entries(labels);
  if (entries.length === 0) return "";
  const escaped = (value: string) => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `{${entries.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`;
}
