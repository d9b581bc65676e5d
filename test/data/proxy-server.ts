import { once } from "node:events";
import { createServer, request as forward } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface ProxyServer {
  port: number;
  /** Requests so far: "GET http://host/path" or "CONNECT host:port", then the credentials in plain text. */
  seen: string[];
}

/**
 * An HTTP proxy that runs until the test ends. It alone can reach the hosts: this machine cannot resolve their names.
 * @param hosts ports on this machine, by the requested "host:port" @param credentials "user:password" that it demands, if any
 */
export async function proxyServer(hosts: Record<string, number>, credentials?: string): Promise<ProxyServer> {
  const seen: string[] = [];
  const admits = (line: string, header: string | undefined) => {
    const sent = header === undefined ? "" : Buffer.from(header.replace(/^Basic /, ""), "base64").toString();
    seen.push(`${line} ${sent}`.trim());
    return credentials === undefined || sent === credentials;
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url!);
    const admitted = admits(`GET ${request.url}`, request.headers["proxy-authorization"]);
    const port = hosts[`${url.hostname}:${url.port || 80}`];
    if (!admitted || port === undefined || request.headers.host !== url.host) {
      response.writeHead(admitted ? 502 : 407).end();
      return;
    }
    forward({ host: "127.0.0.1", port, path: url.pathname, headers: { Host: url.host } }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    }).end();
  });
  const sockets = new Set<Socket>();
  server.on("connect", (request, socket: Socket) => {
    const admitted = admits(`CONNECT ${request.url}`, request.headers["proxy-authorization"]);
    const port = hosts[request.url!];
    if (!admitted || port === undefined) {
      socket.end(`HTTP/1.1 ${admitted ? "502 Bad Gateway" : "407 Proxy Authentication Required"}\r\n\r\n`);
      return;
    }
    const server = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      server.pipe(socket).pipe(server);
    });
    for (const end of [server, socket]) {
      sockets.add(end);
      end.on("error", () => end.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
  });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, seen };
}
