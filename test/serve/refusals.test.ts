import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadCheckpoint, saveCheckpoint } from "../../dist/run/checkpoint.js";
import { asSharp, black, enlarge, plain, white } from "../picture/pictures.js";
import { call, form, mebibyte, start, stroke } from "./support.js";
import { serveTwoModels } from "./two-models.js";

const { dir, server, png, expected, predict, close } = await serveTwoModels();
afterAll(close);

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
    expect(json.error).toMatch(/^The file is larger than 1048576 bytes, the value of --max-bytes; send a smaller one, /);
  });

  it("a file of exactly the limit is looked at", async () => {
    const padded = Buffer.concat([png, Buffer.alloc(mebibyte - png.length)]);
    expect((await predict({ body: padded })).json.label).toBe(expected.label);
    expect((await predict(form({ name: "image", filename: "a", content: padded }))).json.label).toBe(expected.label);
  });

  it.each([
    ["a GIF", "GIF89a\x01\x00\x01\x00\x00\x00\x00;"],
    ["an SVG", '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'],
    ["a BMP", `BM${"\x00".repeat(60)}`],
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
