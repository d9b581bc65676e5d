import type { FastifyInstance } from "fastify";

/**
 * Answers for pages of the other sites that --allow-origin names (https://fetch.spec.whatwg.org/#http-cors-protocol). Without such
 * sites there is nothing to add: browsers then keep the answers from their pages.
 */
export function addCrossOrigin(app: FastifyInstance, origins: ReadonlySet<string>): void {
  if (origins.size === 0) return;
  app.addHook("onRequest", async ({ method, headers }, reply) => {
    // A cache must not give one site's answer to another.
    reply.header("vary", "Origin");
    const { origin } = headers;
    if (origin === undefined || !origins.has(origin)) return;
    reply.header("access-control-allow-origin", origin);
    if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined) return;
    reply.headers({
      "access-control-allow-methods": "GET, POST",
      "access-control-allow-headers": "content-type",
      "access-control-max-age": "600",
    });
    // A public site's page asks for this before it reaches into a private network.
    if (headers["access-control-request-private-network"] === "true") reply.header("access-control-allow-private-network", "true");
    return reply.code(204).send();
  });
}
