import { execFileSync } from "node:child_process";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { initialTensors } from "../../dist/model/initialize.js";
import { buildModel } from "../../dist/model/presets.js";
import { saveCheckpoint } from "../../dist/run/checkpoint.js";
import { RunStore } from "../../dist/run/state/store.js";
import { type RunningServer, type ServerOptions, startServer } from "../../dist/serve/server.js";
import type { Drawing } from "../picture/pictures.js";

export const mebibyte = 2 ** 20;

/** Writes an untrained model as a checkpoint; another seed, another model. */
export async function untrained(dir: string, seed: number, testAccuracy = 0.5, preset = "simple", dataset = "mnist"): Promise<void> {
  await saveCheckpoint(
    dir,
    {
      state: { step: seed, tensors: initialTensors(buildModel(preset), seed) },
      info: {
        preset,
        dataset,
        classNames: [..."0123456789"],
        normalization: { mean: 0.1307, std: 0.3081 },
        epoch: seed,
        step: seed,
        metrics: { testAccuracy },
      },
    },
    { optimizer: false },
  );
}

export async function start(options: Partial<ServerOptions>): Promise<RunningServer & { store: RunStore; notices: string[] }> {
  const notices: string[] = [];
  const store = new RunStore();
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    allowHosts: [],
    maxBytes: mebibyte,
    models: [],
    store,
    engine: "auto",
    threads: 1,
    onNotice: (level, message) => notices.push(`${level}: ${message}`),
    ...options,
  });
  return { ...server, store, notices };
}

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  json: any;
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  /** Send the body in pieces without declaring its length. */
  chunked?: boolean;
}

/** Unlike fetch, it sends any Host and Origin. Rejects where the connection breaks before an answer. */
export function call(url: string, { method, headers = {}, body, chunked }: Call = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: method ?? (body === undefined ? "GET" : "POST"), headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(parts).toString();
        const isJson = text !== "" && response.headers["content-type"]?.includes("json");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined });
      });
    });
    let settled = false;
    request.on("response", () => {
      settled = true;
    });
    // A server that refuses a body may close before it has read all of it.
    request.on("error", (error) => {
      if (!settled) reject(error);
    });
    if (chunked && body !== undefined) {
      const bytes = Buffer.from(body as string);
      for (let at = 0; at < bytes.length; at += 65_536) request.write(bytes.subarray(at, at + 65_536));
      request.end();
    } else if (body === undefined) request.end();
    else request.setHeader("content-length", Buffer.byteLength(body)) && request.end(body);
  });
}

export interface Part {
  name: string;
  /** Absent: a field, not a file. */
  filename?: string;
  content: Uint8Array | string;
}

/** @returns a form as a browser sends it */
export function form(...parts: Part[]): { headers: Record<string, string>; body: Buffer } {
  const boundary = "----formboundary7MA4YWxk";
  const pieces = parts.flatMap(({ name, filename, content }) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? "" : `; filename="${filename}"\r\nContent-Type: image/png`}\r\n\r\n`,
    ),
    Buffer.from(content as Uint8Array),
    Buffer.from("\r\n"),
  ]);
  return {
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

/** A vertical stroke framed as MNIST's images are. */
export function stroke(): Drawing {
  const data = new Float32Array(784);
  for (let y = 4; y < 24; y++) for (let x = 13; x < 16; x++) data[y * 28 + x] = x === 14 ? 1 : 0.5;
  return { width: 28, height: 28, data };
}

/** Resolves when the condition holds; the test's own time limit ends the waiting. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Clients of other languages, where this machine has them. */
export const hasCurl = runs("curl", "--version");
export const python = ["/usr/bin/python3", "python3"].find((command) => runs(command, "-c", "import requests"));

function runs(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
