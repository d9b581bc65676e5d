import { afterAll, describe, expect, it } from "vitest";
import { call, stroke } from "./support.js";
import { serveTwoModels } from "./two-models.js";

const { server, expected, close } = await serveTwoModels();
afterAll(close);

describe("Open Inference Protocol", () => {
  const infer = (body: unknown, model = "two") =>
    call(`${server.url}/v2/models/${model}/infer`, { body: typeof body === "string" ? body : JSON.stringify(body) });
  const pixels = Array.from(stroke().data);
  const input = { name: "pixels", shape: [1, 784], datatype: "FP32", data: pixels };

  it("describes a model", async () => {
    const { json } = await call(`${server.url}/v2/models/two`);
    expect(json).toMatchObject({ name: "two", inputs: [{ name: "pixels", datatype: "FP32", shape: [-1, 784] }] });
    expect((await call(`${server.url}/v2/models/none`)).status).toBe(404);
  });

  it("answers flat and nested, float and byte pixels alike", async () => {
    const rows = Array.from({ length: 28 }, (_, y) => pixels.slice(28 * y, 28 * y + 28));
    const bytes = pixels.map((value) => Math.round(value * 255));
    for (const one of [
      input,
      { ...input, shape: [1, 28, 28], data: [rows] },
      { ...input, shape: [1, 1, 28, 28], data: [[rows]], datatype: "FP64" },
      { ...input, data: bytes, datatype: "UINT8" },
    ]) {
      const { status, json } = await infer({ id: "7", inputs: [one] });
      expect(status).toBe(200);
      expect(json).toMatchObject({
        model_name: "two",
        id: "7",
        outputs: [
          { name: "probabilities", shape: [1, 10] },
          { name: "label", data: [expected.label] },
        ],
      });
    }
  });

  it("answers as many images as one request may hold, nested as deep as they may be", async () => {
    const image = [Array.from({ length: 28 }, (_, y) => pixels.slice(28 * y, 28 * y + 28).map((value) => Math.round(value * 255)))];
    const { status, json } = await infer({
      inputs: [{ name: "pixels", shape: [256, 1, 28, 28], datatype: "UINT8", data: Array(256).fill(image) }],
      outputs: [{ name: "label" }],
    });
    expect(status).toBe(200);
    expect(json.outputs[0].data).toEqual(Array(256).fill(expected.label));
  });

  it("answers several images in one request, and only the outputs asked for", async () => {
    const { json } = await infer({
      inputs: [{ ...input, shape: [3, 784], data: [...pixels, ...pixels, ...pixels] }],
      outputs: [{ name: "label" }],
    });
    expect(json.outputs).toEqual([{ name: "label", shape: [3], datatype: "INT64", data: Array(3).fill(expected.label) }]);
  });

  it.each([
    ["no JSON", "{", 400, /not JSON/],
    ["no input", { inputs: [] }, 400, /inputs/],
    ["another input", { inputs: [{ ...input, name: "image" }] }, 400, /named pixels/],
    ["another shape", { inputs: [{ ...input, shape: [784] }] }, 400, /Expected the shape/],
    ["too few values", { inputs: [{ ...input, data: [1] }] }, 400, /needs 784 values, got 1/],
    ["text among the values", { inputs: [{ ...input, data: ["a"] }] }, 400, /are numbers/],
    ["values out of range", { inputs: [{ ...input, data: pixels.map((value) => value * 255) }] }, 400, /between 0 \(background\) and 1/],
    ["an unknown type", { inputs: [{ ...input, datatype: "BYTES" }] }, 400, /datatype/],
    [
      "deep nesting",
      `{"inputs":[{"name":"pixels","shape":[1,784],"datatype":"FP32","data":${"[".repeat(100_000)}${"]".repeat(100_000)}}]}`,
      400,
      /numbers|JSON/,
    ],
    [
      "lists without end",
      { inputs: [{ ...input, shape: [256, 28, 28], data: Array(10_000).fill([]) }] },
      400,
      /The data of an input are numbers/,
    ],
    ["too many values", { inputs: [{ ...input, data: [...pixels, 0] }] }, 400, /needs 784 values, got 785/],
    ["no list", { inputs: [{ ...input, data: "abc" }] }, 400, /expected a list/],
    ["too many images", { inputs: [{ ...input, shape: [300, 784], data: [] }] }, 413, /At most 256 images/],
  ])("refuses %s", async (_, body, status, message) => {
    const reply = await infer(body);
    expect(reply.status).toBe(status);
    expect(reply.json.error).toMatch(message);
  });
});
