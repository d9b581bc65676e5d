import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readImage } from "../../dist/picture/read.js";
import { openClassifier } from "../../dist/predict/classifier.js";
import { asSharp, black, plain, white } from "../picture/pictures.js";
import { call, start, stroke, untrained } from "./support.js";

/**
 * A server with two untrained models, "one" and "two", of which the second has the better accuracy.
 * @returns it, its folder for further checkpoints, a picture, and what the better model says of it
 */
export async function serveTwoModels() {
  const dir = await mkdtemp(join(tmpdir(), "mnist-tui-serve-"));
  await untrained(join(dir, "one"), 1, 0.6);
  await untrained(join(dir, "two"), 2, 0.7);
  const png = await asSharp(plain(stroke(), black, white))
    .png()
    .toBuffer();
  const models = ["one", "two"].map((name) => ({ name, dir: join(dir, name), origin: name }));
  const server = await start({ models });
  const classifier = await openClassifier(join(dir, "two"), { engine: "auto", threads: 1 });
  const [expected] = await classifier.classify((await readImage(png, "digit")).pixels);
  await classifier.dispose();
  return {
    dir,
    server,
    png,
    expected,
    predict: (options: Parameters<typeof call>[1], query = "") => call(`${server.url}/predict${query}`, { method: "POST", ...options }),
    async close() {
      await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
