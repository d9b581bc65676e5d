import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { catalog } from "../../dist/data/catalog.js";
import { downloadFiles } from "../../dist/data/download.js";
import { sha256 } from "../../dist/data/idx.js";
import { proxyFor } from "../../dist/data/proxy.js";
import { run, temporaryFolder } from "../cli/program.js";
import { selfSigned } from "./certificate.js";
import { mirror } from "./mirror.js";
import { proxyServer } from "./proxy-server.js";

const variables = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].flatMap((name) => [name, name.toUpperCase()]);
/** Stands for a file of MNIST: it has another digest, and the error that names that digest shows that it has arrived. */
const content = "not MNIST";
const arrived = `sent a file with SHA-256 ${sha256(content)}`;

/** Runs `mnist-tui data mnist` with one mirror and no proxy but the given ones. @returns the error's sentence */
async function download(address: string, environment: Record<string, string>): Promise<string> {
  const none = Object.fromEntries(variables.map((name) => [name, ""]));
  const env = { ...none, MNIST_TUI_CACHE: temporaryFolder(), MNIST_TUI_DATA: "", MNIST_TUI_MIRROR: address, ...environment };
  const { code, stderr } = await run(["data", "mnist"], { env });
  expect(code).toBe(1);
  return stderr.trim().split("\n").at(-1)!;
}

const portOf = (address: string) => Number(new URL(address).port);

/** @returns a port at which no server listens */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** An HTTPS mirror named mirror.invalid that runs until the test ends. */
async function tlsMirror(): Promise<{ port: number; authority: string }> {
  const { key, cert } = selfSigned("mirror.invalid");
  const server = createTlsServer({ key, cert }, (_, response) => response.end(content)).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  const authority = path.join(temporaryFolder(), "authority.pem");
  writeFileSync(authority, cert);
  return { port: (server.address() as AddressInfo).port, authority };
}

describe("downloads through a proxy", () => {
  const file = "/mnist/train-images-idx3-ubyte.gz";

  it("ask the proxy for http addresses, redirects included, with the credentials of its own address", async () => {
    const last = await mirror((_, response) => response.end(content));
    const first = await mirror((request, response) =>
      response.writeHead(302, { Location: `http://second.invalid:81${request.url}` }).end(),
    );
    const proxy = await proxyServer({ "first.invalid:80": portOf(first), "second.invalid:81": portOf(last) }, "user:p@ss");
    const error = await download("http://first.invalid", { HTTP_PROXY: `http://user:p%40ss@127.0.0.1:${proxy.port}` });
    expect(error).toContain(`first.invalid through the proxy 127.0.0.1:${proxy.port} (HTTP_PROXY): ${arrived}`);
    expect(proxy.seen).toEqual([`GET http://first.invalid${file} user:p@ss`, `GET http://second.invalid:81${file} user:p@ss`]);
  });

  it("reach https addresses through a tunnel and verify the server's certificate", async () => {
    const { port, authority } = await tlsMirror();
    const proxy = await proxyServer({ "mirror.invalid:443": port }, "user:pass");
    const https_proxy = `http://user:pass@127.0.0.1:${proxy.port}`;
    const trusting = await download("https://mirror.invalid", { https_proxy, NODE_EXTRA_CA_CERTS: authority });
    expect(trusting).toContain(`mirror.invalid through the proxy 127.0.0.1:${proxy.port} (https_proxy): ${arrived}`);
    expect(proxy.seen).toEqual(["CONNECT mirror.invalid:443 user:pass"]);
    expect(await download("https://mirror.invalid", { https_proxy })).toContain(
      "certificate not trusted (NODE_EXTRA_CA_CERTS=FILE adds one)",
    );
  });

  it("name a proxy that rejects the credentials, without showing them", async () => {
    const proxy = await proxyServer({}, "user:other");
    const ALL_PROXY = `user:secret@127.0.0.1:${proxy.port}`;
    for (const address of ["http://mirror.invalid", "https://mirror.invalid"]) {
      const error = await download(address, { ALL_PROXY });
      expect(error).toContain(
        `mirror.invalid through the proxy 127.0.0.1:${proxy.port} (ALL_PROXY): the proxy answered with HTTP status 407 ` +
          "(it expects credentials: http://USER:PASSWORD@HOST:PORT);",
      );
      expect(error).not.toContain("secret");
    }
  });

  it("name a proxy that cannot be reached, and one that does not reach the mirror", async () => {
    const port = await freePort();
    const unreachable = await download("http://mirror.invalid", { HTTP_PROXY: `http://127.0.0.1:${port}` });
    expect(unreachable).toContain(`mirror.invalid through the proxy 127.0.0.1:${port} (HTTP_PROXY): connection refused;`);
    const proxy = await proxyServer({});
    const lost = await download("https://mirror.invalid", { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    expect(lost).toContain(`(HTTPS_PROXY): the proxy answered with HTTP status 502;`);
  });

  it("end at the time limit and close the tunnel where the server keeps silent", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => {
      server.close();
    });
    await once(server, "listening");
    const closed = once(server, "connection").then(([socket]) => once(socket.on("error", () => {}).resume(), "close"));
    const proxy = await proxyServer({ "mirror.invalid:443": (server.address() as AddressInfo).port });
    for (const name of variables) vi.stubEnv(name, "");
    vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${proxy.port}`);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const entry = { ...catalog.mnist, mirrors: ["https://mirror.invalid/"] };
    const load = downloadFiles(entry, [entry.files.testLabels], temporaryFolder(), { timeouts: { answer: 300, silence: 300 } });
    await expect(load).rejects.toThrow(`mirror.invalid through the proxy 127.0.0.1:${proxy.port} (HTTPS_PROXY): no answer within 0.3 s;`);
    await closed;
  });

  it("bypass the proxy for the hosts of NO_PROXY", async () => {
    const proxy = await proxyServer({});
    const address = await mirror((_, response) => response.end(content));
    const error = await download(address, { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: "localhost,127.0.0.1" });
    expect(error).toContain(`${new URL(address).host}: ${arrived}`);
    expect(proxy.seen).toEqual([]);
  });

  it("refuse a value that names no HTTP proxy, without showing its credentials", async () => {
    const error = await download("https://mirror.invalid", { HTTPS_PROXY: "socks5://user:secret@127.0.0.1:1080" });
    expect(error).toBe(
      "mnist-tui: HTTPS_PROXY: expected a proxy such as http://HOST:PORT, got socks5://…@127.0.0.1:1080; " +
        "correct it, or set NO_PROXY=mirror.invalid.",
    );
  });
});

describe("proxyFor", () => {
  const chosen = (address: string, environment: Record<string, string>) => {
    const proxy = proxyFor(new URL(address), environment);
    return proxy && `${proxy.variable} ${proxy.url.href}`;
  };

  it("chooses by the address's protocol, the lower-case variable first, then ALL_PROXY", () => {
    const environment = { http_proxy: "http://a:1", HTTP_PROXY: "http://b:1", HTTPS_PROXY: "c:2", ALL_PROXY: "https://d" };
    expect(chosen("http://x/", environment)).toBe("http_proxy http://a:1/");
    expect(chosen("https://x/", environment)).toBe("HTTPS_PROXY http://c:2/");
    expect(chosen("https://x/", { HTTP_PROXY: "http://b:1", all_proxy: "https://d" })).toBe("all_proxy https://d/");
    expect(chosen("https://x/", { HTTP_PROXY: "http://b:1", https_proxy: " " })).toBeUndefined();
    expect(chosen("http://x/", {})).toBeUndefined();
  });

  it.each([
    ["*", true],
    ["files.example.org", true],
    ["example.org", true],
    [".example.org", true],
    ["*.EXAMPLE.org", true],
    ["other.net, example.org", true],
    ["other.net example.org:8080", true],
    ["example.org:80", false],
    ["ample.org", false],
    ["files.example.org.net", false],
    ["", false],
    [",.", false],
  ])("with NO_PROXY=%s exempts files.example.org:8080: %s", (list, exempt) => {
    for (const name of ["NO_PROXY", "no_proxy"])
      expect(chosen("http://files.example.org:8080/", { http_proxy: "p:1", [name]: list }) === undefined).toBe(exempt);
  });

  it.each([
    ["http://10.1.2.3/", "10.0.0.0/8", true],
    ["http://11.1.2.3/", "10.0.0.0/8", false],
    ["http://10.1.2.3/", "10.0.0.0/99", false],
    ["http://files.example.org/", "10.0.0.0/8", false],
    ["http://10.1.2.3/", "10.1.2.3", true],
    ["https://10.1.2.3/", "10.1.2.3:443", true],
    ["http://[fd00::1]/", "fd00::1", true],
    ["http://[fd00::1]/", "[fd00::1]:80", true],
    ["http://[fd00::1]/", "fd00::/8", true],
    ["http://[fe80::1]/", "fd00::/8", false],
  ])("of %s, NO_PROXY=%s exempts it: %s", (address, list, exempt) => {
    expect(chosen(address, { all_proxy: "p:1", no_proxy: list }) === undefined).toBe(exempt);
  });
});
