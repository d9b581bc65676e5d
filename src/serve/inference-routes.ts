import type { FastifyInstance } from "fastify";
import { inferResponse, modelMetadata, mostRequestBytes, parseInferRequest } from "./inference-protocol.js";
import type { ServerParts } from "./parts.js";

/** The Open Inference Protocol's addresses. */
export function addInferenceRoutes(app: FastifyInstance, { pool, metrics }: ServerParts): void {
  type Named = { Params: { name: string }; Body: Buffer | undefined };
  app.get("/v2", () => ({ name: "mnist-tui", extensions: [] }));
  app.get("/v2/health/live", () => ({ live: true }));
  app.get("/v2/health/ready", (_request, reply) => reply.code(pool.ready.length > 0 ? 200 : 503).send({ ready: pool.ready.length > 0 }));
  app.get<Named>("/v2/models/:name", ({ params }) => {
    pool.pick(params.name);
    return modelMetadata(params.name);
  });
  app.get<Named>("/v2/models/:name/ready", ({ params }) => {
    pool.pick(params.name);
    return { name: params.name, ready: true };
  });
  app.post<Named>("/v2/models/:name/infer", { bodyLimit: mostRequestBytes }, async ({ params, body }) => {
    const model = pool.pick(params.name);
    const request = parseInferRequest(body);
    const answers = await Promise.all(request.images.map((image) => model.classify(image)));
    for (const { classification } of answers) metrics.predictions.add({ model: params.name, label: String(classification.label) });
    return inferResponse(
      params.name,
      request,
      answers.map(({ classification }) => classification),
    );
  });
}
