import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readImage } from "../../dist/data/image.js";
import { readDatasetPng } from "../../dist/data/small-png.js";
import { loadCheckpoint, saveCheckpoint } from "../../dist/run/checkpoint.js";
import type { RunEvent } from "../../dist/run/events.js";
import { openClassifier } from "../../dist/serve/classifier.js";
import type { RunningServer } from "../../dist/serve/server.js";
import { asSharp, black, enlarge, plain, white } from "../predict/pictures.js";
import { call, form, mebibyte, start, stroke, until, untrained } from "./support.js";

let dir: string;
let server: RunningServer & { notices: string[] };
let png: Buffer;
let expected: { label: number; probabilities: number[] };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-serve-"));
  await untrained(join(dir, "one"), 1, 0.6);
  await untrained(join(dir, "two"), 2, 0.7);
  png = await asSharp(plain(stroke(), black, white))
    .png()
    .toBuffer();
  const models = ["one", "two"].map((name) => ({ name, dir: join(dir, name), origin: name }));
  server = await start({ models });
  const classifier = await openClassifier(join(dir, "two"), { engine: "auto", threads: 1 });
  [expected] = await classifier.classify((await readImage(png, "digit")).pixels);
  await classifier.dispose();
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

const predict = (options: Parameters<typeof call>[1], query = "") => call(`${server.url}/predict${query}`, { method: "POST", ...options });

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

describe("the short way for the dataset's own images", () => {
  it("sees the same as the full decoder, or leaves the picture to it", async () => {
    const source = (ink: typeof white, paper: typeof white) => asSharp(plain(stroke(), paper, ink));
    const kinds: [string, Buffer, boolean][] = [
      ["grey", await source(white, black).toColourspace("b-w").png().toBuffer(), true],
      ["grey negative", await source(black, white).toColourspace("b-w").png().toBuffer(), true],
      ["RGB", await source(white, black).png().toBuffer(), true],
      ["RGBA", await source(white, black).ensureAlpha().png().toBuffer(), true],
      ["every filter", await source(white, black).png({ adaptiveFiltering: true, compressionLevel: 0 }).toBuffer(), true],
      ["palette", await source(white, black).png({ palette: true }).toBuffer(), false],
      ["16 bits", await source(white, black).toColourspace("grey16").png().toBuffer(), false],
      ["interlaced", await source(white, black).png({ progressive: true }).toBuffer(), false],
      ["coloured", await source([255, 0, 0], black).png().toBuffer(), false],
      ["transparent", await source(white, black).ensureAlpha(0.5).png().toBuffer(), false],
      ["turned", await source(white, black).withMetadata({ orientation: 6 }).png().toBuffer(), false],
      [
        "another size",
        await asSharp(plain(enlarge(stroke(), 2), black, white))
          .png()
          .toBuffer(),
        false,
      ],
    ];
    for (const [kind, bytes, taken] of kinds) {
      const found = readDatasetPng(bytes, "digit");
      expect(found !== undefined, kind).toBe(taken);
      if (found) expect(found.pixels, kind).toEqual((await readImage(bytes, "digit")).pixels);
    }
  });

  it("takes no damaged file", () => {
    for (let length = 0; length < png.length; length++) expect(readDatasetPng(png.subarray(0, length), "digit")).toBeUndefined();
    for (let i = 0; i < png.length * 8; i++) {
      const flipped = Buffer.from(png);
      flipped[i >> 3] ^= 1 << (i & 7);
      const found = readDatasetPng(flipped, "digit");
      if (found) expect(found.pixels).toEqual(readDatasetPng(png, "digit")?.pixels);
    }
  });
});

describe("who may call", () => {
  const get = (headers: Record<string, string>) => call(`${server.url}/healthz`, { headers });

  it("a name that is not this machine's is refused, against DNS rebinding", async () => {
    for (const host of ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example"])
      expect([host, (await get({ host })).status]).toEqual([host, 403]);
    for (const host of ["a b", "@", "[::1"]) expect([host, (await get({ host })).status]).toEqual([host, 400]);
    for (const host of ["localhost", "localhost:5000", "LOCALHOST.", "127.0.0.1:1", "[::1]:5000", "192.168.1.5"])
      expect([host, (await get({ host })).status]).toEqual([host, 200]);
  });

  it("a name that was allowed is served", async () => {
    const proxied = await start({ allowHosts: ["Digits.example"] });
    try {
      expect((await call(`${proxied.url}/healthz`, { headers: { host: "digits.example" } })).status).toBe(200);
    } finally {
      await proxied.close();
    }
  });

  it("another site's page is refused, this one's is served", async () => {
    const { host } = new URL(server.url);
    for (const origin of ["http://evil.example", "null", "http://127.0.0.1:1", `http://${host}.evil.example`])
      expect([origin, (await predict({ body: png, headers: { origin } })).status]).toEqual([origin, 403]);
    expect((await predict({ body: png, headers: { origin: `http://${host}` } })).status).toBe(200);
  });
});

describe("what is refused", () => {
  const big = Buffer.alloc(mebibyte + 1, png);

  it.each([
    ["declared", { body: Buffer.alloc(3 * mebibyte) }],
    ["chunked", { body: Buffer.alloc(3 * mebibyte), chunked: true }],
    ["one byte too many", { body: big }],
    ["one byte too many in a form", form({ name: "image", filename: "a", content: big })],
  ])("a file above 1 MiB, %s: 413", async (_, options) => {
    const { status, json } = await predict(options);
    expect(status).toBe(413);
    expect(json.error).toBe("The file is larger than 1048576 bytes.");
  });

  it("a file of exactly the limit is looked at", async () => {
    const padded = Buffer.concat([png, Buffer.alloc(mebibyte - png.length)]);
    expect((await predict({ body: padded })).json.label).toBe(expected.label);
    expect((await predict(form({ name: "image", filename: "a", content: padded }))).json.label).toBe(expected.label);
  });

  it.each([
    ["a GIF", "GIF89a\x01\x00\x01\x00\x00\x00\x00;"],
    ["an SVG", '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'],
    ["a WebP", "RIFF\x24\x00\x00\x00WEBPVP8 "],
    ["a TIFF", "II*\x00\x08\x00\x00\x00"],
    ["a PDF", "%PDF-1.7"],
    ["a text", "hello"],
    ["nothing", ""],
  ])("%s: 415", async (_, body) => {
    expect((await predict({ body })).status).toBe(415);
    if (body) expect((await predict(form({ name: "image", filename: "a.png", content: body }))).status).toBe(415);
  });

  const multipart = (type: string, body: string) => ({ headers: { "content-type": type }, body });
  it.each([
    ["no boundary", multipart("multipart/form-data", "--x\r\n")],
    ["an empty boundary", multipart("multipart/form-data; boundary=", "--\r\n")],
    ["a body that is no form", multipart("multipart/form-data; boundary=x", "hello")],
    [
      "a body that breaks off",
      {
        ...form({ name: "image", filename: "a", content: "abc" }),
        body: form({ name: "image", filename: "a", content: "abc" }).body.subarray(0, 120),
      },
    ],
    ["a form without a file", form({ name: "image", content: "text" })],
    ["a form with two files of other names", form({ name: "a", filename: "a", content: "1" }, { name: "b", filename: "b", content: "2" })],
    ["an empty form", form()],
  ])("%s: 400", async (_, options) => {
    const { status, json } = await predict(options);
    expect(status).toBe(400);
    expect(json.error).toMatch(/^The form .*\.$/);
  });

  it("a form with very many parts, fields or files, before or behind a picture: 413", async () => {
    const fields = Array.from({ length: 200 }, (_, i) => ({ name: `f${i}`, content: "x" }));
    const files = fields.map((field) => ({ ...field, filename: "a" }));
    const empty = { headers: { "content-type": "multipart/form-data; boundary=x" }, body: "\r\n--x".repeat(150_000) };
    const picture = { name: "image", filename: "a", content: png };
    const big = { ...picture, content: Buffer.alloc(100_000) };
    for (const many of [form(...fields, picture), form(picture, ...fields), form(big, ...files), empty]) {
      const { status, json } = await predict(many);
      expect([status, json]).toEqual([413, { error: "The form has too many parts." }]);
    }
  });

  it("fields named like parts of an object do no harm", async () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    const { status } = await predict(
      form(...names.map((name) => ({ name, content: "x" })), { name: "image", filename: "a", content: png }),
    );
    expect(status).toBe(200);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("a blank page: 422", async () => {
    const blank = await asSharp(plain(enlarge(stroke(), 2), white, white))
      .png()
      .toBuffer();
    expect((await predict({ body: blank })).status).toBe(422);
  });

  it("every prefix of a PNG and of a JPEG: 400 or 415, and the server lives", async () => {
    const jpeg = await asSharp(plain(stroke(), black, white))
      .jpeg()
      .toBuffer();
    for (const bytes of [png, jpeg])
      for (let length = 1; length < bytes.length; length += 3)
        expect([400, 415]).toContain((await predict({ body: bytes.subarray(0, length) })).status);
    expect((await predict({ body: png })).status).toBe(200);
  });

  it("unknown addresses and methods: 404 and 405", async () => {
    expect((await call(`${server.url}/nothing`)).status).toBe(404);
    expect((await call(`${server.url}/../../etc/passwd`)).status).toBe(404);
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE"]) {
      const { status, headers } = await call(`${server.url}/predict`, { method });
      expect([method, status, headers.allow]).toEqual([method, 405, "POST"]);
    }
    expect((await call(`${server.url}/events`, { method: "HEAD" })).status).toBe(404);
    const { status, json } = await call(`${server.url}/%ff`);
    expect([status, json]).toEqual([400, { error: "The address is malformed." }]);
  });

  it("headers without end: 431, a request that is none: 400", async () => {
    expect((await call(`${server.url}/healthz`, { headers: { x: "y".repeat(20_000) } })).status).toBe(431);
    expect(await raw("HELLO\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });
});

/** Sends text over a plain connection. @returns what came until the server closed it */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
  });
}

describe("slow clients", () => {
  it("a header or a body that does not come is not waited for longer than 15 s", async () => {
    const begun = Date.now();
    const slow = [
      "POST /predict HTTP/1.1\r\nHost: localhost\r\n",
      "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc",
      "POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
      "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n--x\r\n",
    ];
    const answers = await Promise.all([...slow.map(raw), raw("")]);
    for (const answer of answers.slice(0, 4)) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(Date.now() - begun).toBeLessThan(15_000);
  });
});

describe("errors", () => {
  it("of our own say nothing about this machine", async () => {
    const broken = join(dir, "broken");
    const { state, info } = await loadCheckpoint(join(dir, "one"));
    for (const { data } of state.tensors.values()) data.fill(Number.NaN);
    await saveCheckpoint(broken, { state, info }, { optimizer: false });
    const failing = await start({ models: [{ name: "broken", dir: broken, origin: "" }] });
    try {
      const { status, text, headers } = await call(`${failing.url}/predict`, { body: png });
      expect(status).toBe(500);
      expect(text).toBe('{"error":"The server failed at this request; its log says how."}');
      expect(Object.keys(headers)).not.toContain("server");
      expect(Object.keys(headers)).not.toContain("x-powered-by");
      expect(failing.notices.at(-1)).toContain(broken);
    } finally {
      await failing.close();
    }
  });

  it("a port in use and an unknown address are explained", async () => {
    const { port } = new URL(server.url);
    await expect(start({ port: Number(port) })).rejects.toThrow(
      `Cannot serve on 127.0.0.1: port ${port} is in use; choose another with --port`,
    );
    await expect(start({ host: "203.0.113.7" })).rejects.toThrow(
      /203\.0\.113\.7 is no address of this machine; choose another with --host/,
    );
  });
});

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

describe("a live run", () => {
  const base = { run: "r", model: "simple", time: 1_700_000_000_000 };
  const begin: RunEvent = {
    ...base,
    type: "start",
    preset: "simple",
    parameters: 206_922,
    engine: "wasm",
    device: "CPU",
    threads: 1,
    dataset: "mnist",
    trainSamples: 60_000,
    testSamples: 10_000,
    epochs: 2,
    batchSize: 512,
    stepsPerEpoch: 118,
    optimizer: "adam",
    learningRate: 0.001,
    classNames: [..."0123456789"],
    pid: 1,
    step: 0,
  };
  const step = (at: number): RunEvent => ({
    ...base,
    type: "step",
    epoch: at / 118,
    step: at,
    loss: 2 / at,
    accuracy: 1 - 1 / at,
    learningRate: 0.001,
    imagesPerSecond: 20_000,
    batchesPerSecond: 39,
  });

  it("comes whole at first, then what is new, over server-sent events; and as JSON", async () => {
    const live = await start({});
    const messages: { event: string; data: { models: { name: string; curves: { loss: { epoch: number[]; value: number[] } } }[] } }[] = [];
    const ended = new AbortController();
    try {
      live.event(begin);
      for (let at = 1; at <= 5; at++) live.event(step(at));
      await until(async () => (await call(`${live.url}/get_training_data`)).json.models[0]?.step === 5);
      const { body } = await fetch(`${live.url}/events`, { signal: ended.signal });
      const reading = (async () => {
        let text = "";
        for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
          text += chunk;
          const blocks = text.split("\n\n");
          text = blocks.pop()!;
          for (const block of blocks) {
            const [, event, data] = /event: (\w+)\ndata: (.*)$/m.exec(block)!;
            messages.push({ event, data: JSON.parse(data) });
          }
        }
      })().catch(() => {});
      await until(() => messages.length > 0);
      live.event(step(6));
      live.event({ ...base, type: "eval", epoch: 1, step: 118, testLoss: 0.1, testAccuracy: 0.97, confusion: [[1]], seconds: 1 });
      const points = () => messages.flatMap(({ data }) => data.models[0]?.curves.loss.value ?? []);
      await until(() => points().length >= 6 && messages.length > 1);
      expect(messages[0].event).toBe("snapshot");
      expect(messages.slice(1).every(({ event }) => event === "update")).toBe(true);
      expect(points()).toEqual([2, 1, 0.666667, 0.5, 0.4, 0.333333]);
      await until(() => messages.some(({ data }) => "confusion" in data.models[0]));

      const { json } = await call(`${live.url}/get_training_data`);
      expect(json).toMatchObject({ run: "r", models: [{ name: "simple", status: "training", epochs: 2, steps: 236, testAccuracy: 0.97 }] });
      expect(json.models[0].curves.loss.value).toHaveLength(6);
      expect(json.models[0].curves.loss.epoch[5]).toBeCloseTo(6 / 118, 5);
      await live.close();
      await reading;
    } finally {
      ended.abort();
      await live.close();
    }
  });
});

describe("status for machines", () => {
  it("/healthz, /readyz and the protocol's health", async () => {
    expect((await call(`${server.url}/healthz`)).json).toEqual({ status: "ok" });
    expect((await call(`${server.url}/readyz`)).json).toEqual({
      ready: true,
      models: [
        { name: "one", checkpoint: "one", epoch: 1, testAccuracy: 0.6 },
        { name: "two", checkpoint: "two", epoch: 2, testAccuracy: 0.7 },
      ],
    });
    for (const path of ["/v2/health/live", "/v2/health/ready", "/v2/models/one/ready"])
      expect((await call(server.url + path)).status).toBe(200);
  });

  it("/metrics are in Prometheus' format", async () => {
    await predict({ body: png });
    const { text, headers } = await call(`${server.url}/metrics`);
    expect(headers["content-type"]).toContain("text/plain; version=0.0.4");
    for (const line of text.trimEnd().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+-]+)$/);
    expect(text).toMatch(/^mnist_tui_predictions_total\{model="two",label="\d"\} [1-9]/m);
    expect(text).toMatch(/^mnist_tui_requests_total\{route="\/predict",status="200"\} [1-9]/m);
  });
});

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
