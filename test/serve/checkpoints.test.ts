import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { call, start, until, untrained } from "./support.js";
import { serveTwoModels } from "./two-models.js";

const { dir, png, close } = await serveTwoModels();
afterAll(close);

describe("a checkpoint that changes while serving", () => {
  it("is taken over without dropping a request; a damaged one is not, and is told", async () => {
    const best = join(dir, "changing");
    await untrained(best, 11);
    const changing = await start({ models: [{ name: "changing", dir: best, origin: "" }] });
    const ready = async () => (await call(`${changing.url}/readyz`)).json.models[0];
    let stop = false;
    const statuses = new Set<number>();
    const clients = Array.from({ length: 4 }, async () => {
      while (!stop) statuses.add((await call(`${changing.url}/predict`, { body: png })).status);
    });
    try {
      expect(await ready()).toMatchObject({ epoch: 11 });
      await untrained(best, 12);
      await until(async () => (await ready()).epoch === 12);

      await untrained(join(dir, "damaged"), 13);
      const weights = join(dir, "damaged", "weights.safetensors");
      const bytes = await readFile(weights);
      bytes[bytes.length - 5] ^= 1;
      await writeFile(weights, bytes);
      await cp(join(dir, "damaged"), best, { recursive: true, force: true });
      await until(async () => (await ready()).problem !== undefined);
      expect(await ready()).toMatchObject({ epoch: 12, problem: expect.stringContaining("cannot be read") });
      expect(JSON.stringify(await ready())).not.toContain(dir);
      expect(changing.notices.at(-1)).toMatch(
        /^warning: model changing: .*weights\.safetensors is damaged.* The one before stays in use\.$/,
      );

      await untrained(best, 14);
      await until(async () => (await ready()).epoch === 14);
      expect((await ready()).problem).toBeUndefined();
    } finally {
      stop = true;
      await Promise.all(clients);
      await changing.close();
    }
    expect([...statuses]).toEqual([200]);
  });

  it("may be the first one: until then the answer is 503", async () => {
    const later = join(dir, "later");
    const waiting = await start({ models: [{ name: "later", dir: later, origin: "" }] });
    try {
      for (const which of ["", "?model=later", "?model=*"]) {
        const { status, headers } = await call(`${waiting.url}/predict${which}`, { body: png });
        expect([which, status, headers["retry-after"]]).toEqual([which, 503, "2"]);
      }
      expect((await call(`${waiting.url}/readyz`)).status).toBe(503);
      expect((await call(`${waiting.url}/healthz`)).status).toBe(200);
      await untrained(later, 1);
      await until(async () => (await call(`${waiting.url}/readyz`)).status === 200);
      expect((await call(`${waiting.url}/predict`, { body: png })).status).toBe(200);
    } finally {
      await waiting.close();
    }
  });

  it("none that can be loaded: the server does not start", async () => {
    await expect(start({ models: [{ name: "damaged", dir: join(dir, "damaged"), origin: "" }] })).rejects.toThrow(/is damaged/);
  });
});
