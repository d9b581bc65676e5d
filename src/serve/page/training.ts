import type { CurveName, ModelFigures, RunFigures } from "../run-figures.js";
import { Chart } from "./chart.js";
import { byId, bytes, element, fixed, paintPixels, percent } from "./dom.js";

/** The run in progress, or the newest finished one, fed by server-sent events. */

export function startTraining(): void {
  const chart = new Chart(byId("chart"));
  let run: RunFigures = { run: "", models: [], hostMemory: { total: 0 } };
  const show = () => {
    byId("training").hidden = run.models.length === 0;
    byId("run").textContent = run.run === "" ? "" : `run ${run.run}${run.dataset === undefined ? "" : `, ${run.dataset}`}`;
    byId("machine").textContent = machineText(run);
    byId("status").replaceChildren(...run.models.map(statusCard));
    chart.update(run.models);
  };
  const source = new EventSource("/events");
  const connection = byId("connection");
  source.onopen = () => {
    connection.textContent = "";
  };
  source.onerror = () => {
    connection.textContent = "connection lost, reconnecting …";
  };
  source.addEventListener("snapshot", ({ data }) => {
    run = JSON.parse(data);
    show();
    byId("evaluations").replaceChildren(...run.models.map(evaluationCard));
  });
  source.addEventListener("update", ({ data }) => {
    const update: RunFigures = JSON.parse(data);
    const evaluated = update.models.some(({ confusion, samples }) => confusion || samples);
    run = { ...update, models: update.models.map((model, i) => merged(run.models[i], model)) };
    show();
    if (evaluated) byId("evaluations").replaceChildren(...run.models.map(evaluationCard));
  });
}

/** An update leaves out the points and the pictures that were sent before. */
function merged(before: ModelFigures | undefined, update: ModelFigures): ModelFigures {
  if (!before) return update;
  const curves = { ...update.curves };
  for (const name of Object.keys(curves) as CurveName[]) {
    const [old, added] = [before.curves[name], update.curves[name]];
    curves[name] = { epoch: [...old.epoch, ...added.epoch], value: [...old.value, ...added.value] };
  }
  return { ...update, curves, confusion: update.confusion ?? before.confusion, samples: update.samples ?? before.samples };
}

/** @returns the machine's memory and GPUs in words; where there is no GPU, a word that the figures are the host's */
function machineText({ hostMemory: { used, total }, gpus }: RunFigures): string {
  const memory = used === undefined ? [] : [`${bytes(used)} of ${bytes(total)} RAM used`];
  const cards = (gpus ?? []).map(({ name, memoryUsed, memoryTotal, utilization, temperature, power }) =>
    [
      `${name}: ${bytes(memoryUsed)} of ${bytes(memoryTotal)}`,
      ...(utilization === undefined ? [] : [`${Math.round(utilization)} %`]),
      ...(temperature === undefined ? [] : [`${Math.round(temperature)} °C`]),
      ...(power === undefined ? [] : [`${Math.round(power)} W`]),
    ].join(", "),
  );
  const none = gpus?.length === 0 ? ["no GPU seen, host's figures"] : [];
  return [...none, ...cards, ...memory].join("; ");
}

function statusCard(model: ModelFigures): HTMLElement {
  const rows: [string, string][] = [
    ["epoch", `${fixed(model.epoch, 2)} of ${model.epochs}`],
    ["training", `loss ${fixed(model.loss, 4)}, accuracy ${percent(model.accuracy)}`],
    ["test", `loss ${fixed(model.testLoss, 4)}, accuracy ${percent(model.testAccuracy)}`],
    ...rowOf("from the first model", model.difference?.text),
    ["best", model.best ? `${percent(model.best.accuracy)} (epoch ${fixed(model.best.epoch, 1)}, chosen on the test images)` : "–"],
    ...rowOf("images/s now", model.imagesPerSecond === undefined ? undefined : count(model.imagesPerSecond)),
    ["images/s overall", model.meanImagesPerSecond === undefined ? "–" : count(model.meanImagesPerSecond)],
    ["learning rate", String(model.learningRate ?? "–")],
    ["parameters", model.parameters.toLocaleString("en")],
    ["device", model.device],
    ...rowOf("memory", memoryText(model)),
    ...rowOf("CPU", model.cpuPercent === undefined ? undefined : `${Math.round(model.cpuPercent)} %`),
  ];
  const list = element("dl", {}, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  const progress = element("progress", { max: Math.max(1, model.steps), value: model.step, ariaLabel: `${model.name}, steps done` });
  const title = element("div", {}, element("strong", {}, model.name), ` ${model.status}`);
  const card = element("div", { className: "card" }, title, progress, list);
  if (model.error) card.append(element("p", { className: "wrong" }, model.error));
  return card;
}

/** @returns a row, or none where there is nothing to say: the trainer's figures are gone once it has ended */
function rowOf(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]];
}

function memoryText({ hostBytes, deviceBytes }: ModelFigures): string | undefined {
  if (hostBytes === undefined) return undefined;
  return deviceBytes === undefined ? bytes(hostBytes) : `${bytes(hostBytes)}, ${bytes(deviceBytes)} on the device`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function evaluationCard({ name, confusion, samples, classNames }: ModelFigures): HTMLElement {
  const card = element("div", { className: "card" }, element("strong", {}, name), " on the test images");
  if (confusion) card.append(confusionTable(confusion, classNames));
  if (samples) card.append(element("div", { className: "samples" }, ...samples.map((sample) => sampleFigure(sample, classNames))));
  return card;
}

/** Rows are the true classes; a cell's colour shows its fraction of the row. */
function confusionTable(confusion: number[][], names: readonly string[]): HTMLElement {
  const short = (i: number) => (names[i] ?? String(i)).slice(0, 4);
  const head = element("tr", {}, element("th"), ...confusion.map((_, i) => element("th", { title: names[i], scope: "col" }, short(i))));
  const rows = confusion.map((row, i) => {
    const total = row.reduce((sum, count) => sum + count, 0) || 1;
    const cells = row.map((count, j) => {
      const cell = element("td", { title: `${names[i]} read as ${names[j]}: ${count}` }, count === 0 ? "·" : String(count));
      const part = Math.sqrt(count / total);
      cell.style.background = i === j ? `rgb(34 160 90 / ${0.6 * part})` : `rgb(220 60 60 / ${Math.min(1, 3 * part)})`;
      return cell;
    });
    return element("tr", {}, element("th", { title: names[i], scope: "row" }, short(i)), ...cells);
  });
  return element("table", { className: "confusion" }, head, ...rows);
}

function sampleFigure(
  { label, prediction, pixels }: { label: number; prediction: number; pixels: string },
  names: readonly string[],
): HTMLElement {
  const canvas = element("canvas", { width: 28, height: 28 });
  paintPixels(canvas, pixels);
  const right = label === prediction;
  const text = right ? names[prediction] : `${names[prediction]}, is ${names[label]}`;
  return element("figure", {}, canvas, element("figcaption", { className: right ? "" : "wrong" }, text));
}
