import { expect, it } from "vitest";
import { fakeRun } from "../run/fake-run.js";
import { browserPath, launch, openPage } from "./browser.js";
import { call, start } from "./support.js";

const events = [...fakeRun({ models: ["simple", "residual"], epochs: 2, stepsPerEpoch: 40, chunk: 4, gpus: 1 })];
const firstEnd = events.findIndex(({ type }) => type === "done") + 1;

it("the figures of a run tell current ones from those of the whole training, and how models differ", async () => {
  const live = await start({});
  try {
    const figures = async () => (await call(`${live.url}/get_training_data`)).json;
    for (const event of events.slice(0, firstEnd)) live.store.apply(event);
    const halfway = await figures();
    expect(halfway.models[0]).toMatchObject({ status: "done", meanImagesPerSecond: expect.closeTo(14_200, 3) });
    for (const gone of ["imagesPerSecond", "cpuPercent", "hostBytes", "deviceBytes", "difference"])
      expect(halfway.models[0]).not.toHaveProperty(gone);
    const trains = { imagesPerSecond: expect.any(Number), meanImagesPerSecond: expect.closeTo(3900, 3), cpuPercent: expect.any(Number) };
    expect(halfway.models[1]).toMatchObject({ status: "training", ...trains });
    expect([halfway.gpus.length, halfway.hostMemory.used]).toEqual([1, expect.any(Number)]);

    for (const event of events.slice(firstEnd)) live.store.apply(event);
    const end = await figures();
    expect(end).not.toHaveProperty("gpus");
    expect(end.hostMemory).not.toHaveProperty("used");
    const { value, margin, text, ...verdict } = end.models[1].difference;
    expect(value).toBeCloseTo(end.models[1].testAccuracy - end.models[0].testAccuracy, 12);
    expect(text).toMatch(new RegExp(`^[+−]\\d\\.\\d\\d % ± ${(100 * margin).toFixed(2)}`));
    expect(verdict).toEqual({ kind: "paired", withinNoise: text.endsWith(", within noise") });
  } finally {
    await live.close();
  }
});

it("a model whose loss is no number says since when", async () => {
  const live = await start({});
  try {
    for (const event of events) live.store.apply(event.type === "eval" ? { ...event, testLoss: Number.NaN } : event);
    const { models } = (await call(`${live.url}/get_training_data`)).json;
    expect(models[0].error).toBe("its loss stopped being a number by step 40");
    expect(models[0]).not.toHaveProperty("best");
  } finally {
    await live.close();
  }
});

it.skipIf(!browserPath)("the page shows them beside each other (needs chromium)", async () => {
  const live = await start({});
  const browser = await launch();
  try {
    for (const event of events.slice(0, firstEnd)) live.store.apply(event);
    const { page, problems } = await openPage(browser, live.url, { width: 390, height: 800 });
    const cards = page.locator("#status .card");
    await cards.nth(1).waitFor();
    const [ended, trains] = await cards.allTextContents();
    expect(ended).toMatch(/best9\d\.\d\d % \(epoch 2\.0, chosen on the test images\)images\/s overall14,200/);
    expect(ended).not.toMatch(/CPU\d|memory|images\/s now/);
    expect(trains).toMatch(/images\/s now[34],\d{3}images\/s overall3,900.*CPU\d+ %/);

    for (const event of events.slice(firstEnd)) live.store.apply(event);
    await cards
      .nth(1)
      .locator("dd", { hasText: /^[+−]\d\.\d\d % ± \d\.\d\d/ })
      .waitFor();
    expect(await cards.nth(1).textContent()).toMatch(/from the first model[+−]\d.*best9.*images\/s overall3,900/);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
    await live.close();
  }
});
