import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningServer } from "../../dist/serve/server.js";
import { asSharp, black, plain, white } from "../picture/pictures.js";
import { call, mebibyte, start, stroke, until, untrained } from "./support.js";

let dir: string;
let server: RunningServer & { notices: string[] };
let png: Buffer;
let label: number;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-abuse-"));
  await untrained(join(dir, "one"), 1);
  png = await asSharp(plain(stroke(), black, white))
    .png()
    .toBuffer();
  server = await start({ models: [{ name: "one", dir: join(dir, "one"), origin: "" }] });
  label = (await call(`${server.url}/predict`, { body: png })).json.label;
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  let crc = 0xffffffff;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length);
  ends.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

/** An all-black 16-bit RGBA picture: little to send, much to decode. */
function dense(side: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([16, 6, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.alloc((side * 8 + 1) * side));
  return Buffer.concat([png.subarray(0, 8), chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

/** The picture with chunks put before its image data. */
function loaded(type: string, keyword: string, count: number, inflated: number): Buffer {
  const data = Buffer.concat([Buffer.from(`${keyword}\0\0`), deflateSync(Buffer.alloc(inflated))]);
  const chunks = Array.from({ length: count }, () => chunk(type, data));
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

describe("pictures made to cost much", () => {
  it.each([
    ["texts that unpack to a gigabyte", () => loaded("zTXt", "x", 120, 8 * mebibyte)],
    ["a profile that unpacks to 256 MiB", () => loaded("iCCP", "x", 1, 256 * mebibyte)],
  ])("%s are not unpacked", async (_, make) => {
    const bytes = make();
    expect(bytes.length).toBeLessThan(mebibyte);
    const { status, json } = await call(`${server.url}/predict`, { body: bytes });
    expect([status, json.label]).toEqual([200, label]);
  });

  it.each([2049, 4096, 60_000])("%i² pixels in a PNG are refused by its header", async (side) => {
    const bytes = Buffer.from(png);
    bytes.writeUInt32BE(side, 16);
    bytes.writeUInt32BE(side, 20);
    const { status, json } = await call(`${server.url}/predict`, { body: bytes });
    expect(status).toBe(413);
    expect(json.error).toMatch(/^The image has \d+×\d+ pixels, at most 4\.194304 million are read\.$/);
  });

  it("many dense pictures at once are turned away beyond the queue's end, while small ones are answered", async () => {
    const bytes = dense(1024);
    expect(bytes.length).toBeLessThan(100_000);
    const flood = Array.from({ length: 60 }, () => call(`${server.url}/predict`, { body: bytes }));
    const good: number[] = [];
    let flooding = true;
    const small = (async () => {
      do good.push((await call(`${server.url}/predict`, { body: png })).status);
      while (flooding);
    })();
    const replies = await Promise.all(flood);
    flooding = false;
    await small;
    const statuses = replies.map(({ status }) => status);
    // All black: decoded, and blank.
    expect(new Set(statuses)).toEqual(new Set([422, 503]));
    expect(statuses.filter((status) => status === 422).length).toBeGreaterThanOrEqual(32);
    for (const { status, headers } of replies) if (status === 503) expect(headers["retry-after"]).toBe("1");
    expect(new Set(good)).toEqual(new Set([200]));
    expect((await call(`${server.url}/predict`, { body: bytes })).status).toBe(422);
  });
});

describe("ending", () => {
  /** Begins an upload and stops in the middle of its body. */
  async function halfway(url: string): Promise<{ socket: Socket; received(): string }> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.on("data", (data) => {
      text += data;
    });
    socket.on("error", () => {});
    await new Promise((resolve) => socket.on("connect", resolve));
    socket.write(`POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${png.length}\r\nExpect: 100-continue\r\n\r\n`);
    // The server has the request once it asks for the body.
    await until(() => text.includes("100 Continue"));
    socket.write(png.subarray(0, 50));
    return { socket, received: () => text };
  }

  it("finishes what was accepted and refuses what is new", async () => {
    const ending = await start({ models: [{ name: "one", dir: join(dir, "one"), origin: "" }] });
    const { socket, received } = await halfway(ending.url);
    const closed = ending.close();
    await expect(call(`${ending.url}/healthz`)).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    socket.write(png.subarray(50));
    await closed;
    await until(() => received().includes("}"));
    expect(received()).toMatch(/HTTP\/1\.1 200 OK/);
    expect(received()).toContain(`"label":${label}`);
    socket.destroy();
  });

  it("waits no longer than its grace for an upload that stands still", async () => {
    const ending = await start({ models: [{ name: "one", dir: join(dir, "one"), origin: "" }] });
    const { socket, received } = await halfway(ending.url);
    await ending.close(300);
    expect(received()).not.toContain("200 OK");
    socket.destroy();
  });
});
