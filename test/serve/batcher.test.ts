import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openClassifier } from "../../dist/predict/classifier.js";
import { Batcher } from "../../dist/serve/batcher.js";
import { stroke, untrained } from "./support.js";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-batcher-"));
  await untrained(join(dir, "one"), 1, 0.5, "compact");
});
afterAll(() => rm(dir, { recursive: true, force: true }));

it("answers what waits in one batch, and turns away what would wait beyond the queue's end until there is room again", async () => {
  const classifier = await openClassifier(join(dir, "one"), { engine: "auto", threads: 1 });
  const sizes: number[] = [];
  const batcher = new Batcher(classifier, { waiting: 4, onBatch: (size) => sizes.push(size) });
  try {
    const ask = () => batcher.classify(stroke().data);
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, ask));
    expect(outcomes.map(({ status }) => status)).toEqual([...Array(4).fill("fulfilled"), "rejected", "rejected"]);
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    for (const { reason } of refused) expect(reason).toMatchObject({ statusCode: 503, headers: { "retry-after": "1" } });
    await ask();
    expect(sizes).toEqual([4, 1]);
  } finally {
    await batcher.close();
  }
});
