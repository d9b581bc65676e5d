import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { errorCode } from "../util/atomic-write.js";
import { type HttpProxy, hostOf, portOf, proxyAuthorization, proxyFor } from "./proxy.js";

const mostRedirects = 5;
const redirects: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308]);
const headers = { "User-Agent": "mnist-tui" };

/**
 * Gets an address over HTTP or HTTPS, through the proxy that the environment names for it, and follows redirects. Node's fetch knows
 * proxies only from version 24 on.
 * @returns the answer, whatever its status, with its body unread
 * @throws the connection's error; see requestProblem
 */
export async function get(address: string, signal: AbortSignal): Promise<IncomingMessage> {
  let url = new URL(address);
  for (let followed = 0; ; followed++) {
    const proxy = proxyFor(url);
    const answer = await (proxy ? getThrough(proxy, url, signal) : answerTo(requestOf(url)(url, { headers, signal })));
    const { location } = answer.headers;
    if (!redirects.has(answer.statusCode) || location === undefined) return answer;
    answer.destroy();
    if (followed === mostRedirects) throw new Error(`more than ${mostRedirects} redirects`);
    url = new URL(location, url);
  }
}

/** Asks the proxy for an http address; for an https address, asks the server through a tunnel. */
async function getThrough(proxy: HttpProxy, url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  if (url.protocol !== "https:") {
    const answer = await answerTo(toProxy(proxy, { path: url.href, headers: { ...headers, Host: url.host }, signal }));
    if (answer.statusCode === 407) throw refusal(answer);
    return answer;
  }
  const socket = await openTunnel(proxy, url, signal);
  const host = hostOf(url);
  const createConnection = () => connectTls({ socket, host, servername: isIP(host) ? undefined : host });
  return answerTo(requestHttps(url, { headers, signal, createConnection }));
}

/** @returns a connection to the server of an https address, by way of the proxy */
function openTunnel(proxy: HttpProxy, url: URL, signal: AbortSignal): Promise<Socket> {
  const authority = `${url.hostname}:${portOf(url)}`;
  return new Promise((resolve, reject) => {
    const request = toProxy(proxy, { method: "CONNECT", path: authority, headers: { ...headers, Host: authority }, signal });
    request.on("error", reject);
    request.on("connect", (answer, socket: Socket) => {
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refusal(answer));
    });
    request.end();
  });
}

interface ProxyRequest {
  method?: string;
  path: string;
  headers: Record<string, string>;
  signal: AbortSignal;
}

function toProxy(proxy: HttpProxy, { headers, ...rest }: ProxyRequest): ClientRequest {
  const place = { host: hostOf(proxy.url), port: portOf(proxy.url), agent: false };
  return requestOf(proxy.url)({ ...place, ...rest, headers: { ...headers, ...proxyAuthorization(proxy) } });
}

function refusal({ statusCode }: IncomingMessage): Error {
  const advice = statusCode === 407 ? " (it expects credentials: http://USER:PASSWORD@HOST:PORT)" : "";
  return new Error(`the proxy answered with HTTP status ${statusCode}${advice}`);
}

function requestOf({ protocol }: URL): typeof requestHttp {
  return protocol === "https:" ? requestHttps : requestHttp;
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Stays on: an error after the answer reaches the reader of the body too, and without a listener it would end the process.
    request.on("error", reject);
    request.on("response", resolve);
    request.end();
  });
}

const untrusted = "certificate not trusted (NODE_EXTRA_CA_CERTS=FILE adds one)";
const problems: Record<string, string> = {
  ENOTFOUND: "name not found",
  EAI_AGAIN: "name service not reachable",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection closed early",
  ENETUNREACH: "network unreachable",
  EHOSTUNREACH: "host unreachable",
  ETIMEDOUT: "no answer",
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
};

/** @returns why a request failed, in a few words */
export function requestProblem(error: unknown): string {
  return problems[errorCode(error) ?? ""] ?? (error as Error).message;
}
