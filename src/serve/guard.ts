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

/** @throws RequestError 400 where there is no usable Host, 403 where Host or Origin is another site's */
export function checkCaller(headers: { host?: string; origin?: string }, names: ReadonlySet<string>): void {
  const { host, origin } = headers;
  if (host === undefined) throw new RequestError(400, "The request has no Host header.");
  const name = hostName(host);
  if (name === undefined) throw new RequestError(400, "The Host header is malformed.");
  // DNS rebinding needs a name: an address is no danger.
  const isOwn = isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost") || names.has(name);
  if (!isOwn)
    throw new RequestError(
      403,
      "The Host header names another site; call this server by its address, or allow the name with --allow-host.",
    );
  if (origin === undefined) return;
  if (origin.replace(/^https?:\/\//, "").toLowerCase() !== host.toLowerCase())
    throw new RequestError(403, "Pages of other sites may not use this server.");
}

/** @returns the name or address in a Host header, without port, brackets and final dot */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/?#@\s[\]]+))(?::\d{1,5})?$/i.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, "");
}
