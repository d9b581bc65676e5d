import { byId } from "./dom.js";
import { ask, forget } from "./predict.js";

/** The canvas, and pictures that are opened, dropped or pasted onto it. */

/** In canvas pixels; a digit drawn over the whole canvas then has strokes as thick as MNIST's. */
const penWidth = 22;

export function startCanvas(): void {
  const canvas = byId<HTMLCanvasElement>("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const clear = () => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    forget();
  };
  clear();
  byId("clear").addEventListener("click", clear);
  addPen(canvas, context, () => ask({ picture: () => blobOf(canvas), size: canvas }));
  acceptPictures(async (file) => {
    const size = await show(file, canvas, context);
    ask({ picture: () => Promise.resolve(file), size });
  });
}

function addPen(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D, changed: () => void): void {
  let last: { x: number; y: number } | undefined;
  const canvasPoint = (event: PointerEvent) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return { x: ((event.clientX - left) / width) * canvas.width, y: ((event.clientY - top) / height) * canvas.height };
  };
  const lineTo = (to: { x: number; y: number }) => {
    context.beginPath();
    if (last) {
      context.strokeStyle = "#000";
      context.lineWidth = penWidth;
      context.lineCap = "round";
      context.moveTo(last.x, last.y);
      context.lineTo(to.x, to.y);
      context.stroke();
    } else {
      // A line from a point to itself leaves no ink.
      context.fillStyle = "#000";
      context.arc(to.x, to.y, penWidth / 2, 0, 2 * Math.PI);
      context.fill();
    }
    last = to;
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = undefined;
    lineTo(canvasPoint(event));
    changed();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    for (const point of event.getCoalescedEvents?.() ?? [event]) lineTo(canvasPoint(point));
    changed();
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    canvas.addEventListener(end, () => {
      last = undefined;
    });
}

function acceptPictures(take: (file: Blob) => void): void {
  const input = byId<HTMLInputElement>("file");
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (file) take(file);
    // Without this, choosing the same file a second time would be no change.
    input.value = "";
  });
  const drop = byId("drop");
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  });
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (file) take(file);
  });
}

/** Shows the picture as large as it fits. The server explains a picture that the browser cannot read. */
async function show(
  file: Blob,
  canvas: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
): Promise<{ width: number; height: number } | undefined> {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  if (!bitmap) return undefined;
  const scale = Math.min(canvas.width / bitmap.width, canvas.height / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  context.drawImage(bitmap, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  const size = { width: bitmap.width, height: bitmap.height };
  bitmap.close();
  return size;
}

function blobOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png"));
}
