import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { browserPath, launch, newestValues, openPage } from "./browser.js";
import { until } from "./support.js";

const program = join(import.meta.dirname, "../../bin/mnist-tui.js");
/** Epochs without end: it is stopped when everything has been seen. */
const options = ["--dataset", "synthetic", "--limit-train", "2000", "--limit-test", "500", "--batch-size", "50", "--epochs", "100000"];

/** Pixels of the chart in a colour, or close to it: what of a curve is painted. */
function painted(page: Page, [red, green, blue]: [number, number, number]): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector("#chart canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4)
      if (Math.abs(data[i] - ${red}) + Math.abs(data[i + 1] - ${green}) + Math.abs(data[i + 2] - ${blue}) < 60 && data[i + 3] > 128) count++;
    return count;
  })()`);
}

it.skipIf(!browserPath)("the page in a browser shows a real training run while it trains (needs chromium)", async () => {
  const dir = await mkdtemp(join(tmpdir(), "mnist-tui-page-training-"));
  const run = ["train", "--model", "simple", ...options, "--plain", "--http", "0", "--run", "watched", "--checkpoint-dir", dir];
  const child = spawn(process.execPath, [program, ...run]);
  const exit = new Promise((resolve) => child.on("close", resolve));
  const browser = await launch();
  try {
    let out = "";
    child.stdout.on("data", (data) => {
      out += data;
    });
    const address = () => /Predictions and live curves on (http:\/\/127\.0\.0\.1:\d+)/.exec(out)?.[1];
    await until(() => address() !== undefined);
    const { page, problems } = await openPage(browser, address()!, { width: 390, height: 800 });
    await page.locator("#chart canvas").waitFor();

    // The curves grow under the reader's eyes: past what was there when the page opened ("--" where nothing was).
    const newestEpoch = async () => Number.parseFloat((await newestValues(page))[0]) || 0;
    const opened = await newestEpoch();
    await until(async () => (await newestEpoch()) > Math.max(opened, 2));
    const late = await newestValues(page);
    // It learns: the loss of untrained weights is ln 10 = 2.3, and a guess is right in 10 %.
    expect(Number(late[1])).toBeLessThan(1);
    expect(Number.parseFloat(late[2])).toBeGreaterThan(60);
    expect(Number.parseFloat(late[3])).toBeGreaterThan(60);
    expect(await painted(page, [0x3b, 0x82, 0xf6])).toBeGreaterThan(50);

    const counts = (await page.locator("#evaluations .confusion td").allTextContents()).map((text) => (text === "·" ? 0 : Number(text)));
    expect(counts).toHaveLength(100);
    expect(counts.reduce((sum, count) => sum + count)).toBe(500);
    expect(await page.locator("#evaluations figure").count()).toBe(10);
    await page.locator("#machine", { hasText: /of .* RAM used/ }).waitFor();
    expect(await page.locator("#run").textContent()).toBe("run watched, SYNTHETIC digits");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    expect(problems).toEqual([]);

    child.kill("SIGTERM");
    expect(await exit).toBe(143);
    await page.locator("#connection", { hasText: "connection lost" }).waitFor();
  } finally {
    child.kill("SIGKILL");
    await browser.close();
    // A trainer whose parent was killed ends a moment later, and may still be storing a checkpoint.
    await rm(dir, { recursive: true, force: true, maxRetries: 20 });
  }
});
