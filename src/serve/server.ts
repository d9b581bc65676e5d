import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { ImageError, type ImageProblem } from "../picture/image-error.js";
import type { ClassifierOptions } from "../predict/classifier.js";
import type { ModelSource } from "../predict/models.js";
import type { RunStore } from "../run/state/store.js";
import { UserError } from "../util/errors.js";
import { Decoders } from "./decoders.js";
import { allowedNames, checkCaller } from "./guard.js";
import { addInferenceRoutes } from "./inference-routes.js";
import { LiveView } from "./live.js";
import { Metrics } from "./metrics.js";
import { ModelPool } from "./model-pool.js";
import { addPage } from "./page-files.js";
import type { ServerParts } from "./parts.js";
import { addPredictRoute } from "./predict-route.js";
import { RequestError } from "./request-error.js";
import { formOverhead, tooLarge } from "./upload.js";

export interface ServerOptions extends ClassifierOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** Further names that the Host header may have. */
  allowHosts: readonly string[];
  /** Of one picture. */
  maxBytes: number;
  /** Their checkpoints may still be to come. */
  models: readonly ModelSource[];
  /** The run that the page shows. */
  store: RunStore;
  onNotice(level: "info" | "warning", message: string): void;
}

export interface RunningServer {
  /** "http://127.0.0.1:5000" */
  url: string;
  /** Answers with these models too, as soon as they have checkpoints. */
  add(models: readonly ModelSource[]): void;
  /** Refuses what is new, finishes what was accepted within `graceMilliseconds`, then drops the rest. */
  close(graceMilliseconds?: number): Promise<void>;
}

/** A header must come within 5 s, a whole request within 10 s; looked at every second. */
const timeouts = {
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 8_192 },
};
/** Of one picture. */
export const defaultMaxBytes = 2 ** 20;
const mostConnections = 1_024;
const waitingDecodes = 32;
const waitingPredictions = 256;
const defaultGrace = 10_000;
/** A picture that costs more than this to decode is not a digit. A phone's photo below the size limit is a JPEG. */
const imageLimits = { maxPixels: { png: 4_194_304, jpeg: 52_000_000 } };

const statusOf: Record<ImageProblem, number> = { format: 415, damaged: 400, "too-large": 413, blank: 422 };

/** Starts serving. @throws UserError where the address cannot be used or no model can be loaded */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const metrics = new Metrics();
  const pool = new ModelPool(options.models, {
    engine: options.engine,
    threads: options.threads,
    waiting: waitingPredictions,
    onBatch: (_, size) => metrics.batches.observe(size),
    onNotice: options.onNotice,
  });
  const parts = {
    pool,
    metrics,
    decoders: new Decoders({ limits: imageLimits, waiting: waitingDecodes }),
    live: new LiveView(options.store),
    maxBytes: options.maxBytes,
  };
  const state = { closing: false };
  const app = createApp(options, parts, state);
  let url: string;
  try {
    await pool.open();
    url = await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await release(parts);
    throw listenError(error, options);
  }
  app.server.maxConnections = mostConnections;
  return {
    url,
    add: (models) => pool.add(models),
    async close(graceMilliseconds = defaultGrace) {
      state.closing = true;
      parts.live.close();
      const deadline = setTimeout(() => app.server.closeAllConnections(), graceMilliseconds);
      await app.close();
      clearTimeout(deadline);
      await release(parts);
    },
  };
}

async function release({ pool, decoders, metrics }: ServerParts): Promise<void> {
  await decoders.close();
  await pool.close();
  metrics.close();
}

function createApp(options: ServerOptions, parts: ServerParts, state: { readonly closing: boolean }): FastifyInstance {
  const app = Fastify({
    ...timeouts,
    logger: false,
    // Both a declared and a chunked body end here; a form needs a little more than its file.
    bodyLimit: options.maxBytes + formOverhead,
    forceCloseConnections: "idle",
    exposeHeadRoutes: true,
    // An address that cannot be decoded is answered before any route or error handler.
    frameworkErrors: (_error, _request, reply: FastifyReply) => reply.code(400).send({ error: "The address is malformed." }),
  });
  const names = allowedNames(options.host, options.allowHosts);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-content-type-options", "nosniff");
    checkCaller(request.headers, names);
  });
  app.addHook("onSend", async (_request, reply) => {
    // Else the connection of the last answer would stay open for the next request.
    if (state.closing) reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    parts.metrics.requests.add({ route: request.routeOptions.url ?? "unknown", status: String(reply.statusCode) });
  });
  // Every body is bytes; what they are is seen from the bytes, not from what the client calls them.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "There is nothing at this address." }));
  app.setErrorHandler((error, request, reply) => {
    const { statusCode, message, headers } = asRequestError(error, options);
    if (statusCode === 500)
      options.onNotice("warning", `${request.method} ${request.routeOptions.url}: ${(error as Error).stack ?? error}`);
    return reply.code(statusCode).headers(headers).send({ error: message });
  });
  addPredictRoute(app, parts);
  addInferenceRoutes(app, parts);
  addStatusRoutes(app, parts);
  addPage(app);
  return app;
}

function addStatusRoutes(app: FastifyInstance, { pool, metrics, live, decoders }: ServerParts): void {
  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", (_request, reply) => {
    const models = pool.status();
    return reply.code(pool.ready.length > 0 ? 200 : 503).send({ ready: pool.ready.length > 0, models });
  });
  app.get("/metrics", (_request, reply) =>
    reply.type("text/plain; version=0.0.4").send(
      metrics.render([
        { name: "mnist_tui_decoding", help: "Pictures waiting or being decoded.", values: [{ value: decoders.busy }] },
        { name: "mnist_tui_viewers", help: "Pages that watch the run.", values: [{ value: live.viewerCount }] },
        {
          name: "mnist_tui_model_ready",
          help: "1 where the model answers.",
          values: pool.status().map(({ name, checkpoint }) => ({ labels: { model: name }, value: Number(checkpoint !== undefined) })),
        },
      ]),
    ),
  );
  app.get("/get_training_data", () => live.run());
  // A HEAD for a stream without end would never be answered.
  app.get("/events", { exposeHeadRoute: false }, (_request, reply) => {
    if (!live.add(reply.raw)) throw new RequestError(503, "Too many pages watch already.", { "retry-after": "5" });
    reply.hijack();
  });
}

/** What the client is told; of anything unexpected, nothing. */
function asRequestError(error: unknown, { maxBytes }: ServerOptions): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof ImageError) return new RequestError(statusOf[error.problem], error.message);
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return tooLarge(maxBytes);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new RequestError(statusCode, "The request cannot be understood.", { connection: "close" });
  return new RequestError(500, "The server failed at this request; its log says how.");
}

function listenError(error: unknown, { host, port }: ServerOptions): unknown {
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} is in use; choose another with --port, or 0 for any free one`,
    EACCES: `port ${port} needs more rights than this user has; choose one above 1023 with --port`,
    EADDRNOTAVAIL: `${host} is no address of this machine; choose another with --host`,
    ENOTFOUND: `${host} is not known; choose another with --host`,
    EAI_AGAIN: `${host} is not known; choose another with --host`,
  };
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ""];
  return reason ? new UserError(`Cannot serve on ${host}: ${reason}.`) : error;
}
