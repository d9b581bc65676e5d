import { byId, element, paintPixels, percent } from "./dom.js";

/** Asks all models about a picture and shows their answers side by side. */

interface Answer {
  label: number;
  name: string;
  names: string[];
  probabilities: number[];
  model: string;
  pixels: string;
}

/** The next picture to be asked about; while an answer is on its way, only the newest picture is kept. */
let next: (() => Promise<Blob>) | undefined;
let asking = false;
/** Counts the clearings of the canvas: an answer to a picture from before the last one is stale. */
let revision = 0;

export function ask(picture: () => Promise<Blob>): void {
  next = picture;
  if (!asking) void askAll();
}

/** Removes the answers, as for an empty canvas. */
export function forget(): void {
  next = undefined;
  revision++;
  byId("predictions").replaceChildren();
  byId("message").textContent = "";
  byId<HTMLCanvasElement>("seen").getContext("2d")!.clearRect(0, 0, 28, 28);
}

async function askAll(): Promise<void> {
  asking = true;
  while (next) {
    const picture = next;
    next = undefined;
    const asked = revision;
    const outcome = await send(picture);
    if (asked === revision) show(outcome);
  }
  asking = false;
}

async function send(picture: () => Promise<Blob>): Promise<Answer[] | string> {
  try {
    const body = await picture();
    const response = await fetch("/predict?model=*&pixels=1", { method: "POST", body, headers: { "content-type": body.type } });
    const answer = await response.json();
    return response.ok ? answer.predictions : String(answer.error);
  } catch {
    return "The server does not answer.";
  }
}

function show(outcome: Answer[] | string): void {
  byId("message").textContent = typeof outcome === "string" ? outcome : "";
  const answers = typeof outcome === "string" ? [] : outcome;
  byId("predictions").replaceChildren(...answers.map(card));
  if (answers.length > 0) paintPixels(byId<HTMLCanvasElement>("seen"), answers[0].pixels);
}

function card({ model, name, names, label, probabilities }: Answer): HTMLElement {
  const bars = probabilities.map((probability, i) =>
    element(
      "div",
      { className: "bar" },
      element("span", {}, names[i]),
      element("progress", { max: 1, value: probability, ariaLabel: names[i] }),
      element("span", {}, percent(probability, 1)),
    ),
  );
  const made = element(
    "div",
    { className: "card" },
    element("div", { className: "faint" }, model),
    element("div", { className: "answer" }, name),
    ...bars,
  );
  made.dataset.model = model;
  made.dataset.label = String(label);
  return made;
}
