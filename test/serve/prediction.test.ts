import { afterAll, describe, expect, it } from "vitest";
import { asSharp, black, enlarge, plain, white } from "../picture/pictures.js";
import { call, form, stroke } from "./support.js";
import { serveTwoModels } from "./two-models.js";

const { server, png, expected, predict, close } = await serveTwoModels();
afterAll(close);

describe("POST /predict", () => {
  it("answers a PNG with what the best model says", async () => {
    const { status, json } = await predict({ body: png });
    expect(status).toBe(200);
    expect(json).toEqual({
      label: expected.label,
      name: String(expected.label),
      probabilities: expect.any(Array),
      model: "two",
      checkpoint: "two",
      ms: expect.any(Number),
    });
    json.probabilities.forEach((value: number, i: number) => {
      expect(value).toBeCloseTo(expected.probabilities[i], 6);
    });
  });

  it("answers whatever the client calls the bytes, for PNG and JPEG of any size", async () => {
    const big = asSharp(plain(enlarge(stroke(), 9), white, black));
    const labels: number[] = [];
    for (const body of [await big.png().toBuffer(), await big.jpeg().toBuffer()])
      for (const type of ["image/png", "application/octet-stream", "application/x-www-form-urlencoded", "application/json", "text/plain"]) {
        const { status, json } = await predict({ body, headers: { "content-type": type } });
        labels.push(json.label);
        expect(status).toBe(200);
      }
    expect(new Set(labels).size).toBe(1);
  });

  it("answers several digits from left to right, with their boxes and a warning; WebP is read", async () => {
    const one = enlarge(stroke(), 4);
    const data = new Float32Array(one.width * 2 * one.height);
    for (let y = 0; y < one.height; y++)
      for (const half of [0, 1]) data.set(one.data.subarray(y * one.width, (y + 1) * one.width), (2 * y + half) * one.width);
    const body = await asSharp(plain({ width: 2 * one.width, height: one.height, data }, white, black))
      .webp({ lossless: true })
      .toBuffer();
    const { status, json } = await predict({ body });
    expect(status).toBe(200);
    expect(json.digits).toHaveLength(2);
    const [left, right] = json.digits.map(({ box }: { box: number[] }) => box);
    expect(right[0] - left[0]).toBe(one.width);
    expect(right.slice(1)).toEqual(left.slice(1));
    expect(json.digits.map(({ label }: { label: number }) => label)).toEqual([json.label, json.label]);
    expect(json.warnings).toEqual([expect.stringMatching(/^2 digits are on the picture: /)]);
  });

  it.each([
    ["named image", [{ name: "image", filename: "a.png" }]],
    ["named file", [{ name: "file", filename: "a.png" }]],
    ["the only file, whatever its name", [{ name: "x" }, { name: "upload", filename: "" }]],
    [
      "named image among others",
      [
        { name: "x", filename: "b" },
        { name: "image", filename: "a.png" },
      ],
    ],
  ])("takes the part of a form %s", async (_, parts) => {
    const filled = parts.map((part) => ({ ...part, content: (part as { filename?: string }).filename === undefined ? "text" : png }));
    const { status, json } = await predict(form(...filled));
    expect([status, json.label]).toEqual([200, expected.label]);
  });

  it("lets the client choose the model, or ask all", async () => {
    expect((await predict({ body: png }, "?model=one")).json.model).toBe("one");
    const { json } = await predict({ body: png }, "?model=*");
    expect(json.predictions.map(({ model }: { model: string }) => model)).toEqual(["one", "two"]);
    const unknown = await predict({ body: png }, "?model=three");
    expect(unknown.status).toBe(404);
    expect(unknown.json.error).toBe("There is no model of that name; choose one of one, two.");
    expect((await predict({ body: png }, "?model=one&model=two")).status).toBe(400);
  });

  it("puts requests that arrive together through the network together", async () => {
    const value = async (name: string) => Number(new RegExp(`^${name} (\\d+)$`, "m").exec((await call(`${server.url}/metrics`)).text)?.[1]);
    const [batches, pictures] = [await value("mnist_tui_batch_size_count"), await value("mnist_tui_batch_size_sum")];
    const replies = await Promise.all(Array.from({ length: 64 }, () => predict({ body: png })));
    expect(replies.map(({ json }) => json.label)).toEqual(Array(64).fill(expected.label));
    expect((await value("mnist_tui_batch_size_sum")) - pictures).toBe(64);
    expect((await value("mnist_tui_batch_size_count")) - batches).toBeLessThan(64);
  });
});
