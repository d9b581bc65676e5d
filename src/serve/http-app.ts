import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { ImageError, type ImageProblem } from "../picture/image-error.js";
import { allowedNames, checkCaller } from "./guard.js";
import { addInferenceRoutes } from "./inference-routes.js";
import { addPage } from "./page-files.js";
import type { ServerParts } from "./parts.js";
import { addPredictRoute } from "./predict-route.js";
import { RequestError } from "./request-error.js";
import { addStatusRoutes } from "./status-routes.js";
import { formOverhead, tooLarge } from "./upload.js";

/** A header must come within 5 s, a whole request within 10 s; looked at every second. */
const timeouts = {
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 8_192 },
};
const statusOf: Record<ImageProblem, number> = { format: 415, damaged: 400, "too-large": 413, blank: 422 };

export interface AppOptions {
  host: string;
  /** Further names that the Host header may have. */
  allowHosts: readonly string[];
  onNotice(level: "warning", message: string): void;
}

/**
 * All routes, with the limits and checks that every request passes.
 * @param state closing: connections are closed after their present answers
 */
export function createApp(options: AppOptions, parts: ServerParts, state: { readonly closing: boolean }): FastifyInstance {
  const app = Fastify({
    ...timeouts,
    logger: false,
    // A declared and a chunked body are both bounded by this; a form needs a little more than its file.
    bodyLimit: parts.maxBytes + formOverhead,
    forceCloseConnections: "idle",
    exposeHeadRoutes: true,
    // An address that cannot be decoded is answered before any route or error handler.
    frameworkErrors: (_error, _request, reply: FastifyReply) => reply.code(400).send({ error: "The address is malformed." }),
  });
  addChecks(app, options);
  app.addHook("onSend", async (_request, reply) => {
    // Else the connection of the last answer would stay open for the next request.
    if (state.closing) reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    parts.metrics.requests.add({ route: request.routeOptions.url ?? "unknown", status: String(reply.statusCode) });
  });
  // Every body is read as bytes: the bytes, and not the client's content type, tell its format.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  addErrors(app, options, parts);
  addPredictRoute(app, parts);
  addInferenceRoutes(app, parts);
  addStatusRoutes(app, parts);
  addPage(app);
  return app;
}

function addChecks(app: FastifyInstance, { host, allowHosts }: AppOptions): void {
  const names = allowedNames(host, allowHosts);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-content-type-options", "nosniff");
    checkCaller(request.headers, names);
  });
}

function addErrors(app: FastifyInstance, { onNotice }: AppOptions, { maxBytes }: ServerParts): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "There is nothing at this address." }));
  app.setErrorHandler((error, request, reply) => {
    const { statusCode, message, headers } = asRequestError(error, maxBytes);
    if (statusCode === 500) onNotice("warning", `${request.method} ${request.routeOptions.url}: ${(error as Error).stack ?? error}`);
    return reply.code(statusCode).headers(headers).send({ error: message });
  });
}

/** @returns the answer to an error; an unexpected one is for the log and tells the client nothing about the server */
function asRequestError(error: unknown, maxBytes: number): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof ImageError) return new RequestError(statusOf[error.problem], error.message);
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return tooLarge(maxBytes);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new RequestError(statusCode, "The request cannot be understood.", { connection: "close" });
  return new RequestError(500, "The server failed at this request; its log says how.");
}
