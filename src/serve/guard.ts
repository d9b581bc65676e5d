import { isIP } from "node:net";
import { hostname } from "node:os";
import { RequestError } from "./request-error.js";

/**
 * Keeps pages of other sites from using this server through the user's browser: DNS rebinding, a foreign name that resolves to this
 * machine, shows in Host; a request of a foreign page shows in Origin.
 */

/** @returns whether only this machine can reach a server that listens on the address */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** @returns the names, besides addresses and localhost, by which the server may be called */
export function allowedNames(host: string, further: readonly string[]): ReadonlySet<string> {
  const own = isLoopback(host) ? [] : [hostname(), `${hostname()}.local`];
  return new Set([host, ...own, ...further].map((name) => name.toLowerCase()));
}

/** @returns the origin that an address belongs to: "https://digits.example"; undefined where the text is no address of a site */
export function originOf(text: string): string | undefined {
  const { origin, protocol } = URL.canParse(text) ? new URL(text) : { origin: "null", protocol: "" };
  return /^https?:$/.test(protocol) ? origin : undefined;
}

interface Caller {
  /** The request's target as it was sent: a path, or a whole address as a proxy is sent one. */
  url?: string;
  /** Names and values in turn, as they were sent: a second Host header is left out of the others. */
  rawHeaders: readonly string[];
  headers: { host?: string; origin?: string };
}

interface Allowed {
  names: ReadonlySet<string>;
  /** Other sites whose pages may use this server. */
  origins: ReadonlySet<string>;
}

/** @throws RequestError 400 where there is not one usable Host, 403 where Host, address or Origin is another site's */
export function checkCaller({ url = "/", rawHeaders, headers: { host, origin } }: Caller, { names, origins }: Allowed): void {
  if (host === undefined) throw new RequestError(400, "The request has no Host header.");
  if (rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === "host").length > 1)
    throw new RequestError(400, "The request has several Host headers; expected one.");
  checkHost(host, names);
  if (!url.startsWith("/") && url !== "*") checkHost(URL.canParse(url) ? new URL(url).host : "", names);
  if (origin === undefined || origins.has(origin)) return;
  if (origin.replace(/^https?:\/\//, "").toLowerCase() !== host.toLowerCase())
    throw new RequestError(403, "Pages of other sites may not use this server, unless --allow-origin names them.");
}

function checkHost(host: string, names: ReadonlySet<string>): void {
  const name = hostName(host);
  if (name === undefined) throw new RequestError(400, "The Host header is malformed.");
  // DNS rebinding needs a name: an address is no danger.
  const isOwn = isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost") || names.has(name);
  if (!isOwn)
    throw new RequestError(
      403,
      "The Host header or the address names another site; call this server by its address, or allow the name with --allow-host.",
    );
}

/** @returns the name or address in a Host header, without port, brackets and final dot */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/?#@\s[\]]+))(?::\d{1,5})?$/i.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, "");
}
