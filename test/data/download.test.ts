import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { catalog, type DatasetEntry, type DatasetFile } from "../../dist/data/catalog.js";
import { DownloadError, type DownloadProgress, downloadFiles } from "../../dist/data/download.js";
import { encodeIdx, sha256 } from "../../dist/data/idx.js";
import { mirror } from "./mirror.js";

const content = encodeIdx([5], Uint8Array.of(1, 2, 3, 4, 5));
const zipped = gzipSync(content);
const file: DatasetFile = { name: "train-labels-idx1-ubyte", sha256: sha256(content), bytes: content.length, dimensions: [5] };
const timeouts = { answer: 1_500, silence: 300 };

let directory: string;

beforeEach(() => {
  directory = path.join(mkdtempSync(path.join(tmpdir(), "mnist-tui-test-")), "cache");
});

afterEach(() => {
  rmSync(path.dirname(directory), { recursive: true });
});

const good: RequestListener = (_, response) => response.setHeader("Content-Length", zipped.length).end(zipped);
const notFound: RequestListener = (_, response) => response.writeHead(404).end("<html>");
const corrupt: RequestListener = (_, response) => response.end(gzipSync(encodeIdx([5], Uint8Array.of(1, 2, 3, 4, 6))));
const otherKind: RequestListener = (_, response) => response.end("<html>log in first</html>");
const truncated: RequestListener = (_, response) => response.end(zipped.subarray(0, 20));
const brokenOff: RequestListener = (_, response) => {
  response.setHeader("Content-Length", zipped.length);
  response.write(zipped.subarray(0, 20), () => response.destroy());
};
const stalling: RequestListener = (_, response) => {
  response.setHeader("Content-Length", zipped.length);
  response.write(zipped.subarray(0, 20));
};
const circling: RequestListener = (request, response) => response.writeHead(302, { Location: request.url }).end();
const silent: RequestListener = () => {};

function entryWith(...mirrors: string[]): DatasetEntry {
  return { ...catalog.mnist, mirrors };
}

/** @returns an address whose server has been closed */
async function refused(): Promise<string> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${port}/`;
}

describe("downloadFiles", () => {
  it("stores the file decompressed under its name and reports progress", async () => {
    const steps: DownloadProgress[] = [];
    const paths = await downloadFiles(entryWith(await mirror(good)), [file], directory, { onProgress: (step) => steps.push(step) });
    expect(paths.get(file.name)).toBe(path.join(directory, file.name));
    expect(readFileSync(paths.get(file.name)!)).toEqual(Buffer.from(content));
    expect(readdirSync(directory)).toEqual([file.name]);
    expect(steps[0]).toEqual({ file: `${file.name}.gz`, received: 0, total: zipped.length, unit: "bytes" });
    expect(steps.at(-1)!.received).toBe(zipped.length);
  });

  it("asks for NAME.gz in the mirror's folder and stays with the mirror that works", async () => {
    const asked: string[] = [];
    const working = await mirror((request, response) => {
      asked.push(request.url!);
      good(request, response);
    });
    let failures = 0;
    const failing = await mirror((request, response) => {
      failures++;
      notFound(request, response);
    });
    const second = { ...file, name: "t10k-labels-idx1-ubyte" };
    await downloadFiles(entryWith(`${failing}a/`, `${working}b/`), [file, second], directory);
    expect(asked).toEqual(["/b/train-labels-idx1-ubyte.gz", "/b/t10k-labels-idx1-ubyte.gz"]);
    expect(failures).toBe(1);
  });

  it("takes a file that the server marks as compressed for transport", async () => {
    const encoding = await mirror((_, response) => response.setHeader("Content-Encoding", "gzip").end(zipped));
    const paths = await downloadFiles(entryWith(encoding), [file], directory);
    expect(paths.get(file.name)).toBe(path.join(directory, file.name));
    expect(new Uint8Array(readFileSync(paths.get(file.name)!))).toEqual(content);
  });

  const bad: [string, RequestListener, RegExp][] = [
    ["answers 404", notFound, /HTTP status 404/],
    ["sends an altered file", corrupt, new RegExp(`sent a file with SHA-256 [0-9a-f]{64}, expected ${file.sha256}`)],
    ["sends a page instead", otherKind, /sent a file with SHA-256/],
    ["sends a truncated file", truncated, /truncated/],
    ["breaks off", brokenOff, /broke off/],
    ["stalls in the middle", stalling, /silent for 0.3 s/],
    ["redirects in a circle", circling, /more than 5 redirects/],
    ["never answers", silent, /no answer within 1.5 s/],
  ];

  it.each(bad)("goes on to the next mirror where one %s", async (_, answer) => {
    const paths = await downloadFiles(entryWith(await mirror(answer), await mirror(good)), [file], directory, { timeouts });
    expect(readFileSync(paths.get(file.name)!)).toEqual(Buffer.from(content));
    expect(readdirSync(directory)).toEqual([file.name]);
  });

  it.each(bad)("names the reason and leaves nothing behind where the only mirror %s", async (_, answer, message) => {
    const download = downloadFiles(entryWith(await mirror(answer)), [file], directory, { timeouts });
    const error = await download.catch((error) => error);
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(/^MNIST could not be downloaded \(train-labels-idx1-ubyte\.gz\): 127\.0\.0\.1:\d+: /);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/--data-dir/);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("names every mirror and its reason where none can be reached", async () => {
    const [first, second] = [await refused(), await refused()];
    const download = downloadFiles(entryWith(first, second), [file], directory, { timeouts });
    await expect(download).rejects.toThrow(
      `${new URL(first).host}: connection refused; ${new URL(second).host}: connection refused; check the network`,
    );
  });

  it("gives up on a network that swallows every packet, however many mirrors there are", async () => {
    const address = await mirror(silent);
    const mirrors = Array.from({ length: 20 }, (_, i) => `${address}${i}/`);
    await expect(downloadFiles(entryWith(...mirrors), [file], directory, { timeouts })).rejects.toThrow(/no answer within 1.5 s/);
  });

  it("stops when it is aborted, before the answer and in the middle of the file", async () => {
    const reason = new Error("stopped");
    for (const answer of [silent, stalling]) {
      const abort = new AbortController();
      const address = await mirror((request, response) => {
        answer(request, response);
        setTimeout(() => abort.abort(reason), 50);
      });
      await expect(downloadFiles(entryWith(address), [file], directory, { signal: abort.signal })).rejects.toBe(reason);
      expect(readdirSync(directory)).toEqual([]);
    }
  });

  it("keeps a fresh partial file of another process and removes its own", async () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, ".other.part"), "");
    await downloadFiles(entryWith(await mirror(good)), [file], directory);
    expect(readdirSync(directory).sort()).toEqual([".other.part", file.name]);
  });

  it("names a folder that cannot be written", async () => {
    writeFileSync(directory, "a file where the folder should be");
    await expect(downloadFiles(entryWith(await mirror(good)), [file], directory)).rejects.toThrow(/cache folder.*MNIST_TUI_CACHE/);
  });
});
