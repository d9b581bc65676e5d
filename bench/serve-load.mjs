#!/usr/bin/env node
/**
 * Puts load on POST /predict: keep-alive connections, each of which sends a picture and waits for the answer.
 * Usage: node bench/serve-load.mjs URL FILE [--connections 32] [--seconds 5] [--warmup 2] [--form]
 * Prints one JSON line: requests/s, latency quantiles in ms, status codes. With --form the picture goes as multipart/form-data.
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";

const [url, file, ...flags] = process.argv.slice(2);
const option = (name, otherwise) => (flags.includes(name) ? Number(flags[flags.indexOf(name) + 1]) : otherwise);
const connections = option("--connections", 32);
const seconds = option("--seconds", 5);
/** Seconds that are not measured, in which V8 compiles the server's code. */
const warmup = option("--warmup", 2);
const { hostname, port, pathname, search, host } = new URL(url);
const picture = readFileSync(file);
const boundary = "----mnist-tui-load";
const form = flags.includes("--form");
const body = form
  ? Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="digit.png"\r\nContent-Type: image/png\r\n\r\n`),
      picture,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ])
  : picture;
const head = `POST ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${form ? `multipart/form-data; boundary=${boundary}` : "image/png"}\r\nContent-Length: ${body.length}\r\n\r\n`;
const request = Buffer.concat([Buffer.from(head), body]);

const latencies = [];
const statuses = {};
const begun = performance.now() + warmup * 1000;
const end = begun + seconds * 1000;

/** One client: it sends the next request after the answer, over the same connection where the server keeps it open. */
async function client() {
  while (performance.now() < end) await connection().catch((error) => count(error.code ?? "error"));
}

function connection() {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let sent = 0;
    let received = "";
    const send = () => {
      if (performance.now() >= end) socket.end();
      else {
        sent = performance.now();
        socket.write(request);
      }
    };
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("close", resolve);
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      const headEnd = received.indexOf("\r\n\r\n");
      if (headEnd < 0) return;
      const answer = received.slice(0, headEnd);
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0);
      if (received.length < headEnd + 4 + length) return;
      if (sent >= begun) {
        count(answer.slice(9, 12));
        latencies.push(performance.now() - sent);
      }
      received = "";
      if (answer.startsWith("HTTP/1.0") || /^connection: close/im.test(answer)) socket.end();
      else send();
    });
  });
}

function count(status) {
  statuses[status] = (statuses[status] ?? 0) + 1;
}

await Promise.all(Array.from({ length: connections }, client));

latencies.sort((a, b) => a - b);
const quantile = (part) => Math.round(latencies[Math.floor(part * (latencies.length - 1))] * 100) / 100;
console.log(
  JSON.stringify({
    requestsPerSecond: Math.round(latencies.length / ((performance.now() - begun) / 1000)),
    p50: quantile(0.5),
    p99: quantile(0.99),
    max: quantile(1),
    statuses,
    connections,
  }),
);
