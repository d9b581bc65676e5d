/** Elements of the page. A string becomes text and never markup, whatever the server sends. */

/** @returns the element with the id, which the page has */
export function byId<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

export function percent(fraction: number | undefined | null, digits = 2): string {
  return fraction === undefined || fraction === null ? "–" : `${(fraction * 100).toFixed(digits)} %`;
}

export function fixed(value: number | undefined | null, digits: number): string {
  return value === undefined || value === null ? "–" : value.toFixed(digits);
}

/** In binary units: "512 MB", "1.4 GB" */
export function bytes(count: number | undefined | null): string {
  if (count === undefined || count === null) return "–";
  return count < 1000 * 2 ** 20 ? `${Math.round(count / 2 ** 20)} MB` : `${(count / 2 ** 30).toFixed(1)} GB`;
}

/** Paints 28×28 pixels of a dataset's image. @param pixels base64 of 784 bytes */
export function paintPixels(canvas: HTMLCanvasElement, pixels: string): void {
  const bytes = Uint8Array.from(atob(pixels), (character) => character.charCodeAt(0));
  const image = new ImageData(28, 28);
  for (const [i, value] of bytes.entries()) image.data.set([value, value, value, 255], 4 * i);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}
