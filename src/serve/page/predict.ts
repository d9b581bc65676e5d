import { byId, element, paintPixels, percent } from "./dom.js";

/** Asks all models about a picture and shows their answers side by side. */

interface Answer {
  label: number;
  name: string;
  names: string[];
  probabilities: number[];
  model: string;
  pixels: string;
  /** Where there are several. */
  digits?: { name: string; probabilities: number[]; label: number; box: [left: number, top: number, width: number, height: number] }[];
  warnings?: string[];
}

/** A picture to be asked about, and its size, by which the canvas shows it; no size where the browser cannot read it. */
export interface Question {
  picture(): Promise<Blob>;
  size?: { width: number; height: number };
}

/** The next picture to be asked about; while an answer is on its way, only the newest picture is kept. */
let next: Question | undefined;
let asking = false;
/** Counts the clearings of the canvas: an answer to a picture from before the last one is stale. */
let revision = 0;

export function ask(question: Question): void {
  next = question;
  if (!asking) void askAll();
}

/** Removes the answers, as for an empty canvas. */
export function forget(): void {
  next = undefined;
  revision++;
  byId("predictions").replaceChildren();
  byId("message").textContent = "";
  byId("boxes").replaceChildren();
  byId<HTMLCanvasElement>("seen").getContext("2d")!.clearRect(0, 0, 28, 28);
}

async function askAll(): Promise<void> {
  asking = true;
  while (next) {
    const question = next;
    next = undefined;
    const asked = revision;
    const outcome = await send(question);
    if (asked === revision) show(outcome, question);
  }
  asking = false;
}

async function send({ picture }: Question): Promise<Answer[] | string> {
  try {
    const body = await picture();
    const response = await fetch("/predict?model=*&pixels=1", { method: "POST", body, headers: { "content-type": body.type } });
    const answer = await response.json();
    return response.ok ? answer.predictions : String(answer.error);
  } catch {
    return "The server does not answer.";
  }
}

function show(outcome: Answer[] | string, { size }: Question): void {
  byId("message").textContent = typeof outcome === "string" ? outcome : (outcome[0]?.warnings?.join(" ") ?? "");
  const answers = typeof outcome === "string" ? [] : outcome;
  byId("predictions").replaceChildren(...answers.map(card));
  drawBoxes(answers[0]?.digits ?? [], size);
  if (answers.length > 0) paintPixels(byId<HTMLCanvasElement>("seen"), answers[0].pixels);
}

/** A box around every digit, over the canvas, in parts of its width and height. */
function drawBoxes(digits: NonNullable<Answer["digits"]>, size: Question["size"]): void {
  const { width: wide, height: high } = size ?? { width: 1, height: 1 };
  const longer = Math.max(wide, high);
  const [marginX, marginY] = [(longer - wide) / 2, (longer - high) / 2];
  const part = (value: number) => `${(100 * value) / longer}%`;
  byId("boxes").replaceChildren(
    ...(size ? digits : []).map(({ name, box: [left, top, width, height] }) => {
      const made = element("span", { className: "box", title: name }, element("span", {}, name));
      Object.assign(made.style, { left: part(left + marginX), top: part(top + marginY), width: part(width), height: part(height) });
      return made;
    }),
  );
}

function card({ model, name, names, label, probabilities, digits }: Answer): HTMLElement {
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
    element("div", { className: "answer" }, digits?.map((digit) => digit.name).join(" ") ?? name),
    ...bars,
  );
  made.dataset.model = model;
  made.dataset.label = String(label);
  return made;
}
