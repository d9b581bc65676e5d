import { BlockList, isIP } from "node:net";
import { UserError } from "../util/errors.js";

/** An HTTP proxy named by an environment variable. */
export interface HttpProxy {
  /** HTTP_PROXY, https_proxy and so on. */
  variable: string;
  /** With the credentials, which no message shows: `url.host` is without them. */
  url: URL;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for an address, by curl's rules: HTTP_PROXY or HTTPS_PROXY by the address's protocol, else ALL_PROXY, unless NO_PROXY lists
 * the host. A variable's lower-case name comes first, and a value without a protocol means http.
 * @throws UserError where the variable's value is no address of an HTTP proxy
 */
export function proxyFor(target: URL, environment: Environment = process.env): HttpProxy | undefined {
  const names = [`${target.protocol.slice(0, -1)}_proxy`, "all_proxy"].flatMap((name) => [name, name.toUpperCase()]);
  const variable = names.find((name) => environment[name]?.trim());
  if (variable === undefined || isExempt(target, environment.no_proxy || environment.NO_PROXY || "")) return undefined;
  const text = environment[variable]!.trim();
  const address = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url && ["http:", "https:"].includes(url.protocol)) return { variable, url };
  const shown = text.replace(/^(.*:\/\/)?.*@/, "$1…@");
  throw new UserError(
    `${variable}: expected a proxy such as http://HOST:PORT, got ${shown}; correct it, or set NO_PROXY=${target.hostname}.`,
  );
}

/** @returns the header that carries the credentials of the proxy's address, if it has any */
export function proxyAuthorization({ url }: HttpProxy): Record<string, string> {
  if (url.username === "" && url.password === "") return {};
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
  return { "Proxy-Authorization": `Basic ${Buffer.from(credentials).toString("base64")}` };
}

/** Undoes the address's percent-encoding; a text that is not encoded stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @returns the host without the brackets that an IPv6 address has in an address */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** @returns the port, the protocol's own where the address names none */
export function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === "https:" ? 443 : 80));
}

/**
 * @param list NO_PROXY's value, separated by commas or spaces: "*" for all hosts, "example.org" (also "." or "*." before it) for a host and
 *   all below it, an IP address, a subnet such as 10.0.0.0/8; names and addresses also with a port
 */
function isExempt(target: URL, list: string): boolean {
  const host = hostOf(target);
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "*") return true;
    if (entry.includes("/")) return isInSubnet(host, entry);
    const [, name, port] = (isIP(entry) ? undefined : /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry)) ?? ["", entry];
    const domain = name.toLowerCase().replace(/^\*?\./, "");
    const matches = domain !== "" && (host === domain || host.endsWith(`.${domain}`));
    return matches && (port === undefined || Number(port) === portOf(target));
  });
}

function isInSubnet(host: string, subnet: string): boolean {
  const [base, bits] = subnet.split("/");
  const family = isIP(base);
  if (family === 0 || isIP(host) !== family || !/^\d+$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(base, Number(bits), type);
  return list.check(host, type);
}
