import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { call, form, hasCurl, mebibyte, python, start, until } from "./support.js";
import { serveTwoModels } from "./two-models.js";

/** Requests as curl, Python's requests and fetch send them. */

const { dir, server, png, expected, predict, close } = await serveTwoModels();
afterAll(close);
const run = promisify(execFile);
const file = join(dir, "digit.png");
await writeFile(file, png);
const base64 = png.toString("base64");
const dataUrl = `data:image/png;base64,${base64}`;

/** @returns the answer's JSON */
async function curl(...args: string[]) {
  return JSON.parse((await run("curl", ["-s", ...args])).stdout);
}

/** @param code prints one line of JSON; `url` is the server's, `file` the picture's @returns what it printed */
async function requests(code: string) {
  const head = `import base64, json, requests\nurl = ${JSON.stringify(server.url)}\nfile = ${JSON.stringify(file)}\n`;
  return JSON.parse((await run(python!, ["-c", head + code])).stdout);
}

describe("pictures in text", () => {
  it.each([
    ["a data URL in JSON", JSON.stringify({ image: dataUrl })],
    ["base64 in JSON, named file, with other fields", JSON.stringify({ id: 7, file: base64, tags: ["a"] }, null, 2)],
    ["JSON with escaped slashes, as PHP writes it", JSON.stringify({ image: dataUrl }).replaceAll("/", "\\/")],
    ["JSON with escaped plus signs, as .NET writes it", JSON.stringify({ image: dataUrl }).replaceAll("+", "\\u002B")],
    ["base64url in JSON", JSON.stringify({ image: png.toString("base64url") })],
    ["bare base64", base64],
    ["base64 in lines, as the command base64 writes it", `${base64.replaceAll(/(.{76})/g, "$1\n")}\n`],
    ["a bare data URL", dataUrl],
    ["a form", new URLSearchParams({ image: dataUrl }).toString()],
    ["a form with plus signs left as they are", `model=x&image=${base64}&more=1`],
  ])("%s is read", async (_, body) => {
    const types = ["application/json", "application/x-www-form-urlencoded", "text/plain"];
    const replies = await Promise.all(types.map((type) => predict({ body, headers: { "content-type": type } })));
    expect(replies.map(({ status, json }) => [status, json.label])).toEqual(types.map(() => [200, expected.label]));
  });

  it.each([
    ["a picture", png],
    ["base64", base64],
    ["a data URL", dataUrl],
  ])("a form's field without a filename that holds %s is read", async (_, content) => {
    for (const name of ["image", "file"]) {
      const { status, json } = await predict(form({ name: "note", content: "x" }, { name, content }));
      expect([name, status, json.label]).toEqual([name, 200, expected.label]);
    }
  });

  it.each([
    [
      "JSON without a picture",
      '{"pixels": [1, 2]}',
      400,
      /^The JSON holds no picture; expected \{"image": "data:image\/png;base64,…"\}\.$/,
    ],
    ["JSON that breaks off", `{"image": "${base64}`, 400, /^The JSON holds no picture/],
    ["JSON that is none around its picture", `{"image": "${base64}", }`, 400, /^The JSON holds no picture/],
    ["JSON that is large around its picture", `{"image": "${base64}", "x": [${"1,".repeat(20_000)}1]}`, 400, /^The JSON holds no picture/],
    ["a form without a picture", "name=digit&size=3", 400, /^The form holds no picture; expected image=/],
    [
      "a text",
      "hello",
      415,
      /Expected one of these: send a PNG, JPEG or WebP file as the body, in a form's field image, or in base64 as \{"image"/,
    ],
    ["JSON with a GIF", JSON.stringify({ image: "R0lGODlhAQABAAAAACw=" }), 415, /send a PNG, JPEG or WebP file/],
  ])("%s: the answer says how to send one", async (_, body, code, message) => {
    const { status, json } = await predict({ body });
    expect([status, json.error]).toEqual([code, expect.stringMatching(message)]);
  });

  it("base64 of a picture above the limit is refused, of one at the limit it is looked at", async () => {
    const padded = (size: number) => Buffer.concat([png, Buffer.alloc(size - png.length)]).toString("base64");
    expect((await predict({ body: JSON.stringify({ image: padded(mebibyte) }) })).json.label).toBe(expected.label);
    expect((await predict({ body: JSON.stringify({ image: padded(mebibyte + 1) }) })).status).toBe(413);
  });
});

describe("addresses", () => {
  it("a slash at the end makes no difference", async () => {
    expect((await call(`${server.url}/predict/?model=one`, { body: png })).json.model).toBe("one");
    expect((await call(`${server.url}/readyz/`)).status).toBe(200);
    expect((await call(`${server.url}/predict/`)).status).toBe(405);
  });

  /** @returns the status of a request that no client library would send */
  function status(...lines: string[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      const socket = connect(Number(port), hostname, () => socket.write([...lines, "Connection: close", "", ""].join("\r\n")));
      let text = "";
      socket.on("data", (data) => {
        text += data;
      });
      socket.on("error", reject);
      socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
    });
  }

  it("two Host headers and the address of another site are refused", async () => {
    expect(await status("GET /healthz HTTP/1.1", "Host: localhost", "Host: evil.example")).toBe(400);
    expect(await status("GET http://evil.example/healthz HTTP/1.1", "Host: localhost")).toBe(403);
    expect(await status("GET http://localhost/healthz HTTP/1.1", "Host: localhost")).toBe(200);
    expect(await status("GET /healthz HTTP/1.1", "Host: localhost")).toBe(200);
  });
});

describe("an upload that is refused reaches its sender as an answer", () => {
  const large = 20 * mebibyte;
  const refused = { status: 413, error: expect.stringContaining("--max-bytes") };

  it("with fetch", async () => {
    const response = await fetch(`${server.url}/predict`, { method: "POST", body: Buffer.alloc(large) });
    expect({ status: response.status, ...((await response.json()) as object) }).toEqual(refused);
  });

  it("with fetch and a body of unknown length", async () => {
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 20; i++) controller.enqueue(new Uint8Array(mebibyte));
        controller.close();
      },
    });
    const response = await fetch(`${server.url}/predict`, { method: "POST", body, duplex: "half" } as RequestInit);
    expect({ status: response.status, ...((await response.json()) as object) }).toEqual(refused);
  });

  it.skipIf(!hasCurl)("with curl, which asks before it sends (needs curl)", async () => {
    const big = join(dir, "big");
    await writeFile(big, Buffer.alloc(large));
    const { stdout } = await run("curl", ["-s", "-w", "\n%{http_code} %{size_upload}", "-F", `image=@${big}`, `${server.url}/predict`]);
    const [answer, figures] = stdout.trim().split("\n");
    expect(figures).toBe("413 0");
    expect(JSON.parse(answer)).toEqual({ error: refused.error });
  });

  it.skipIf(!python)("with requests (needs Python with requests)", async () => {
    const [status, answer] = await requests(
      `r = requests.post(url + "/predict", files={"image": bytes(${large})})\nprint(json.dumps([r.status_code, r.json()]))`,
    );
    expect({ status, ...answer }).toEqual(refused);
  });
});

describe("clients", () => {
  it.skipIf(!hasCurl)("curl: a file, a form's field, base64, a body (needs curl)", async () => {
    const url = `${server.url}/predict`;
    const ways = [
      ["-F", `image=@${file}`, url],
      ["-F", `file=<${file}`, `${url}/`],
      ["-F", `image=${base64}`, url],
      ["--data-binary", `@${file}`, url],
      ["--data-urlencode", `image=${base64}`, url],
      ["-d", `image=${base64}`, url],
      ["--json", JSON.stringify({ image: dataUrl }), url],
    ];
    for (const way of ways) expect([way[0], (await curl(...way)).label]).toEqual([way[0], expected.label]);
  });

  it.skipIf(!python)("requests: files, data, json (needs Python with requests)", async () => {
    const labels = await requests(`
text = base64.b64encode(open(file, "rb").read()).decode()
ways = [dict(files={"image": open(file, "rb")}), dict(data=open(file, "rb")), dict(data={"image": text}),
        dict(json={"image": text}), dict(files={"image": (None, open(file, "rb"))})]
print(json.dumps([requests.post(url + "/predict", **way).json()["label"] for way in ways]))`);
    expect(labels).toEqual(Array(5).fill(expected.label));
  });

  it("fetch: a form, a blob, JSON", async () => {
    const data = new FormData();
    data.append("image", new Blob([png]), "digit.png");
    const text = new FormData();
    text.append("image", dataUrl);
    for (const body of [data, text, new Blob([png]), JSON.stringify({ image: dataUrl })])
      expect(((await (await fetch(`${server.url}/predict`, { method: "POST", body })).json()) as { label: number }).label).toBe(
        expected.label,
      );
  });
});

describe("--allow-origin", () => {
  it("lets the pages of the sites named read answers, and no others", async () => {
    const open = await start({ models: [{ name: "one", dir: join(dir, "one"), origin: "" }], allowOrigins: ["https://digits.example"] });
    const headers = { origin: "https://digits.example" };
    try {
      const asked = { ...headers, "access-control-request-method": "POST", "access-control-request-headers": "content-type" };
      const preflight = await call(`${open.url}/predict`, { method: "OPTIONS", headers: asked });
      expect(preflight.status).toBe(204);
      expect(preflight.headers).toMatchObject({
        "access-control-allow-origin": "https://digits.example",
        "access-control-allow-methods": expect.stringContaining("POST"),
        "access-control-allow-headers": "content-type",
        vary: "Origin",
      });
      const answer = await call(`${open.url}/predict`, { body: png, headers });
      expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([200, headers.origin]);
      const error = await call(`${open.url}/predict`, { body: "hello", headers });
      expect([error.status, error.headers["access-control-allow-origin"]]).toEqual([415, headers.origin]);
      for (const origin of ["https://evil.example", "http://digits.example", "https://digits.example.evil", "null"]) {
        const { status, headers: given } = await call(`${open.url}/predict`, { body: png, headers: { origin } });
        expect([origin, status, given["access-control-allow-origin"]]).toEqual([origin, 403, undefined]);
      }
      expect((await call(`${open.url}/healthz`)).headers).toMatchObject({ vary: "Origin" });
    } finally {
      await open.close();
    }
    const closed = await predict({ body: png, headers });
    expect([closed.status, closed.headers.vary]).toEqual([403, undefined]);
    expect(closed.json.error).toContain("--allow-origin");
  });
});

describe("large bodies of many clients", () => {
  it("are held up to a total; beyond it a large one is turned away, small ones are answered", async () => {
    const busy = await start({ models: [{ name: "one", dir: join(dir, "one"), origin: "" }], maxBytes: 10 * mebibyte });
    const { hostname, port } = new URL(busy.url);
    const waiting = Array.from({ length: 10 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      socket.write(`POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${10 * mebibyte}\r\n\r\n`);
      socket.write(Buffer.alloc(10 * mebibyte - 1));
      return socket;
    });
    try {
      const large = () => call(`${busy.url}/predict`, { body: Buffer.alloc(9 * mebibyte, "x") });
      await until(async () => (await large()).status === 503);
      expect((await call(`${busy.url}/predict`, { body: png })).status).toBe(200);
      for (const socket of waiting) socket.destroy();
      await until(async () => (await large()).status === 415);
    } finally {
      for (const socket of waiting) socket.destroy();
      await busy.close();
    }
  });
});
