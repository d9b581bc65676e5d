import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asDrawing, asSharp, black, enlarge, hasMnist, plain, testDigits, white } from "../picture/pictures.js";
import { trainedModel } from "../predict/trained.js";
import { browserPath, launch, newestValues, openPage } from "./browser.js";
import { eventsOfSimple } from "./run-events.js";
import { start } from "./support.js";

const usable = browserPath !== undefined && hasMnist;

let dir: string;
let server: Awaited<ReturnType<typeof start>>;
let browser: Browser;
let page: Page;
let problems: string[];

beforeAll(async () => {
  if (!usable) return;
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-page-"));
  const checkpoint = trainedModel(join(dir, "checkpoints"));
  const models = ["first", "second"].map((name) => ({ name, dir: checkpoint, origin: "" }));
  server = await start({ models });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  if (dir) await rm(dir, { recursive: true, force: true });
});

async function open(width: number, height: number): Promise<Page> {
  const opened = await openPage(browser, server.url, { width, height });
  problems = opened.problems;
  return opened.page;
}

/** Draws lines with the mouse; points as parts of the canvas. */
async function draw(strokes: [x: number, y: number][][]): Promise<void> {
  const box = (await page.locator("#canvas").boundingBox())!;
  for (const [first, ...others] of strokes) {
    await page.mouse.move(box.x + first[0] * box.width, box.y + first[1] * box.height);
    await page.mouse.down();
    for (const [x, y] of others) await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 4 });
    await page.mouse.up();
  }
}

const three: [number, number][] = [
  [0.32, 0.26],
  [0.42, 0.18],
  [0.55, 0.18],
  [0.64, 0.26],
  [0.63, 0.37],
  [0.54, 0.45],
  [0.44, 0.47],
  [0.56, 0.49],
  [0.66, 0.58],
  [0.67, 0.7],
  [0.58, 0.8],
  [0.44, 0.82],
  [0.32, 0.75],
];
const card = (model: string, label: number) => page.locator(`#predictions .card[data-model="${model}"][data-label="${label}"]`);

describe.skipIf(!usable)("the page in a browser (needs chromium and MNIST)", () => {
  it("a drawn 3 is read as a 3 by all models, side by side; clearing forgets it", async () => {
    page = await open(1280, 900);
    await draw([three]);
    for (const model of ["first", "second"]) await card(model, 3).waitFor();
    expect(await page.locator("#predictions .answer").allTextContents()).toEqual(["3", "3"]);
    expect(await page.locator("#predictions .bar").count()).toBe(20);
    await page.locator("#clear").click();
    await page.locator("#predictions .card").first().waitFor({ state: "detached" });
    // Another digit on the same canvas.
    await draw([
      [
        [0.5, 0.15],
        [0.5, 0.85],
      ],
    ]);
    await card("first", 1).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it("two digits on the canvas are read from left to right, a box around each", async () => {
    page = await open(1280, 900);
    const beside = (by: number) => three.map(([x, y]): [number, number] => [x * 0.7 + by, y]);
    await draw([beside(-0.12), beside(0.4)]);
    for (const card of [0, 1]) await page.locator("#predictions .answer", { hasText: "3 3" }).nth(card).waitFor();
    expect(await page.locator("#message").textContent()).toMatch(/^2 digits are on the picture: 3 3 from left to right/);
    const canvas = (await page.locator("#canvas").boundingBox())!;
    const box = (await page.locator("#boxes .box").nth(1).boundingBox())!;
    expect((box.x - canvas.x) / canvas.width).toBeCloseTo(0.4 + 0.32 * 0.7 - 0.04, 1);
    await page.locator("#clear").click();
    await page.locator("#boxes .box").first().waitFor({ state: "detached" });
    expect(problems).toEqual([]);
    await page.close();
  });

  it("a dot is ink from the moment it is set", async () => {
    page = await open(1280, 900);
    await draw([[[0.4, 0.3]]]);
    await page.locator("#predictions .card").first().waitFor();
    expect(await page.locator("#message").textContent()).toBe("");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("an opened and a dropped picture are read; what is none is explained", async () => {
    page = await open(1280, 900);
    const digits = await testDigits();
    const index = digits.labels.indexOf(4);
    const picture = await asSharp(plain(enlarge(asDrawing(digits.images.subarray(784 * index, 784 * index + 784)), 6), white, black))
      .png()
      .toBuffer();
    await page.setInputFiles("#file", { name: "four.png", mimeType: "image/png", buffer: picture });
    await card("first", 4).waitFor();
    const ink = await page.evaluate(
      `[...document.querySelector("#seen").getContext("2d").getImageData(0, 0, 28, 28).data].filter((v, i) => i % 4 === 0 && v > 128).length`,
    );
    expect(ink).toBeGreaterThan(30);

    await page.setInputFiles("#file", { name: "text.png", mimeType: "image/png", buffer: Buffer.from("hello") });
    await page.locator("#message", { hasText: "The image is neither a PNG, a JPEG nor a WebP file." }).waitFor();
    expect(await page.locator("#predictions .card").count()).toBe(0);

    await page.evaluate(`(async () => {
      const bytes = Uint8Array.from(atob(${JSON.stringify(picture.toString("base64"))}), (c) => c.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], "four.png", { type: "image/png" }));
      document.querySelector("#drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    })()`);
    await card("second", 4).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it("shows a run as it trains: curves that grow, values under the pointer, confusion, samples; on a narrow screen too", async () => {
    page = await open(390, 800);
    expect(await page.locator("#training").isVisible()).toBe(false);
    const { base, begin, step } = eventsOfSimple({ time: 1, stepsPerEpoch: 100, device: "<b>CPU</b>", error: 0.5 });
    server.store.apply(begin);
    for (let at = 1; at <= 20; at++) server.store.apply(step(at));
    await page.locator("#status dd", { hasText: "0.20 of 2" }).waitFor();
    await page.locator("#chart canvas").waitFor();
    const points = () => page.evaluate(`document.querySelectorAll("#chart .u-legend .u-series").length`);
    expect(await points()).toBe(4);
    // Text from a run stays text.
    expect(await page.locator("#status b").count()).toBe(0);
    expect(await page.locator("#status dd", { hasText: "<b>CPU</b>" }).count()).toBe(1);

    for (let at = 21; at <= 100; at++) server.store.apply(step(at));
    const confusion = Array.from({ length: 10 }, (_, i) => Array.from({ length: 10 }, (_, j) => (i === j ? 90 : 1)));
    server.store.apply({ ...base, type: "eval", epoch: 1, step: 100, testLoss: 0.1, testAccuracy: 0.9712, confusion, seconds: 1 });
    const pixels = Buffer.alloc(784, 200).toString("base64");
    server.store.apply({
      ...base,
      type: "samples",
      epoch: 1,
      step: 100,
      samples: [{ index: 0, label: 7, prediction: 1, probabilities: [], pixels }],
    });
    await page.locator("#status dd", { hasText: "1.00 of 2" }).waitFor();
    await page.locator("#evaluations .confusion td").first().waitFor();
    expect(await page.locator("#evaluations .confusion td").count()).toBe(100);
    expect(await page.locator("#evaluations figcaption").textContent()).toBe("1, is 7");

    const [epoch, loss, training, test] = await newestValues(page);
    expect(epoch).toMatch(/^(0\.99|1\.00)$/);
    expect(test).toBe("97.12 %");
    expect(Number.parseFloat(loss)).toBeCloseTo(0.02, 3);
    expect(Number.parseFloat(training)).toBeCloseTo(99.5, 1);

    const width = await page.evaluate("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(390);
    expect(problems).toEqual([]);
    await page.close();
  });
});
