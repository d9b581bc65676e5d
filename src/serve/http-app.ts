import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { ImageError, type ImageProblem } from "../picture/image-error.js";
import { declaredLength, discardBody } from "./body.js";
import { addCrossOrigin } from "./cross-origin.js";
import { allowedNames, checkCaller } from "./guard.js";
import { addInferenceRoutes } from "./inference-routes.js";
import { addPage } from "./page-files.js";
import type { ServerParts } from "./parts.js";
import { addPredictRoute } from "./predict-route.js";
import { RequestError } from "./request-error.js";
import { addStatusRoutes } from "./status-routes.js";
import { howToSend, mostBodyBytes, tooLarge } from "./upload.js";

/** A header must come within 5 s; looked at every second. Bodies have a pace of their own, and this as their last limit. */
const timeouts = {
  requestTimeout: 300_000,
  keepAliveTimeout: 5_000,
  http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 8_192 },
};
const statusOf: Record<ImageProblem, number> = { format: 415, damaged: 400, "too-large": 413, blank: 422 };

interface AppOptions {
  host: string;
  /** Further names that the Host header may have. */
  allowHosts: readonly string[];
  /** Other sites whose pages may use this server: "https://digits.example". */
  allowOrigins?: readonly string[];
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
    bodyLimit: mostBodyBytes(parts.maxBytes),
    routerOptions: { ignoreTrailingSlash: true },
    forceCloseConnections: "idle",
    exposeHeadRoutes: true,
    // An address that cannot be decoded is answered before any route or error handler.
    frameworkErrors: (_error, _request, reply: FastifyReply) => reply.code(400).send({ error: "The address is malformed." }),
  });
  addChecks(app, options);
  app.addHook("onSend", async (request, reply) => {
    const ended = reply.statusCode !== 408 && (await discardBody(request.raw));
    // While the server closes, the connection of the last answer would stay open for the next request.
    if (!ended || state.closing) reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    parts.metrics.requests.add({ route: request.routeOptions.url ?? "unknown", status: String(reply.statusCode) });
  });
  addBodies(app, parts);
  addErrors(app, options);
  addPredictRoute(app, parts);
  addInferenceRoutes(app, parts);
  addStatusRoutes(app, parts);
  addPage(app);
  return app;
}

function addChecks(app: FastifyInstance, { host, allowHosts, allowOrigins = [] }: AppOptions): void {
  const allowed = { names: allowedNames(host, allowHosts), origins: new Set(allowOrigins) };
  app.addHook("onRequest", async ({ raw }, reply) => {
    reply.header("x-content-type-options", "nosniff");
    checkCaller(raw, allowed);
  });
  addCrossOrigin(app, allowed.origins);
}

/** Every body is read as bytes: the bytes, and not the client's content type, tell its format. */
function addBodies(app: FastifyInstance, { bodies, maxBytes }: ServerParts): void {
  const mostBytes = mostBodyBytes(maxBytes);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", async ({ raw, routeOptions }: FastifyRequest) =>
    bodies.read(raw, routeOptions.bodyLimit, (limit) => (limit < mostBytes ? requestTooLarge(limit) : tooLarge(maxBytes))),
  );
  app.addHook("onRequest", async ({ raw }, reply) => {
    reply.raw.once("close", () => bodies.release(raw));
  });
  // A client that asks before it sends a body is told at once where it is too large.
  app.server.on("checkContinue", (request, response) => {
    if (declaredLength(request) <= mostBytes) {
      response.writeContinue();
      delete request.headers.expect;
    }
    app.server.emit("request", request, response);
  });
}

function addErrors(app: FastifyInstance, { onNotice }: AppOptions): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "There is nothing at this address." }));
  app.setErrorHandler((error, request, reply) => {
    const { statusCode, message, headers } = asRequestError(error);
    if (statusCode === 500) onNotice("warning", `${request.method} ${request.routeOptions.url}: ${(error as Error).stack ?? error}`);
    return reply.code(statusCode).headers(headers).send({ error: message });
  });
}

function requestTooLarge(limit: number): RequestError {
  return new RequestError(413, `The request is larger than the ${limit} bytes that are read here; send fewer images at a time.`);
}

/** @returns the answer to an error; an unexpected one is for the log and tells the client nothing about the server */
function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof ImageError) return pictureError(error);
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new RequestError(statusCode, "The request cannot be understood.", { connection: "close" });
  return new RequestError(500, "The server failed at this request; its log says how.");
}

function pictureError({ problem, message }: ImageError): RequestError {
  const remedy = problem === "format" ? ` Expected one of these: ${howToSend}.` : "";
  return new RequestError(statusOf[problem], message + remedy);
}
