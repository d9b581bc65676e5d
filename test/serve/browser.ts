import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

/** Undefined where there is no browser: its tests are skipped by name then. */
export const browserPath = [process.env.MNIST_TUI_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path && existsSync(path),
);

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
}

/** Opens the page in a window of that size. @returns it, and what goes wrong on it from now on: console, exceptions, requests to elsewhere */
export async function openPage(
  browser: Browser,
  url: string,
  { width, height }: { width: number; height: number },
): Promise<{ page: Page; problems: string[] }> {
  const problems: string[] = [];
  const page = await browser.newPage({ viewport: { width, height } });
  page.on("console", (message) => {
    // A file of another format is refused, and the page says so; the browser also logs the status.
    if (["error", "warning"].includes(message.type()) && !/status of 415/.test(message.text())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) problems.push(`foreign request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, problems };
}

/** What the chart's legend says with the pointer at the right end of the curves: "0.52", "0.1234", "96.10 %", … */
export async function newestValues(page: Page): Promise<string[]> {
  const plot = page.locator("#chart .u-over");
  const box = (await plot.boundingBox())!;
  await plot.hover({ position: { x: box.width - 2, y: box.height / 2 } });
  // The legend follows with the next frame.
  await page.evaluate("new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))");
  return page.locator("#chart .u-legend .u-value").allTextContents();
}
