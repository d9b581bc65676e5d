import type { OutgoingHttpHeaders } from "node:http";
import type { FastifyInstance } from "fastify";
import type { ServerParts } from "./parts.js";
import { RequestError } from "./request-error.js";

/** Health, readiness and metrics for machines; the run for the page and for programs. */
export function addStatusRoutes(app: FastifyInstance, { pool, metrics, feed, decoders }: ServerParts): void {
  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", (_request, reply) => {
    const models = pool.status();
    const { best } = pool;
    return reply
      .code(best ? 200 : 503)
      .send({ ready: best !== undefined, models, default: best?.source.name, choose: "/predict?model=NAME" });
  });
  app.get("/metrics", (_request, reply) =>
    reply.type("text/plain; version=0.0.4").send(
      metrics.render([
        { name: "mnist_tui_decoding", help: "Pictures waiting or being decoded.", values: [{ value: decoders.busy }] },
        { name: "mnist_tui_viewers", help: "Pages that watch the run.", values: [{ value: feed.viewerCount }] },
        {
          name: "mnist_tui_model_ready",
          help: "1 where the model answers.",
          values: pool.status().map(({ name, checkpoint }) => ({ labels: { model: name }, value: Number(checkpoint !== undefined) })),
        },
      ]),
    ),
  );
  app.get("/get_training_data", () => feed.figures());
  // A HEAD request for a stream without end would never be answered.
  app.get("/events", { exposeHeadRoute: false }, (_request, reply) => {
    if (!feed.add(reply.raw, reply.getHeaders() as OutgoingHttpHeaders))
      throw new RequestError(503, "Too many pages watch already.", { "retry-after": "5" });
    reply.hijack();
  });
}
