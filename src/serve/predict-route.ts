import type { FastifyInstance } from "fastify";
import type { ImageStyle, NormalizedImage } from "../picture/read.js";
import { readDatasetPng } from "../picture/small-png.js";
import { checkpointName, type PooledModel } from "./model-pool.js";
import type { ServerParts } from "./parts.js";
import { RequestError } from "./request-error.js";
import { pictureIn } from "./upload.js";

/** The answer to a picture. */
export interface PredictResponse {
  label: number;
  name: string;
  probabilities: number[];
  model: string;
  checkpoint: string;
  /** From the whole request's arrival to the answer. */
  ms: number;
  /** With ?pixels=1: all classes' names, and the network's input as base64 of 784 bytes. */
  names?: string[];
  pixels?: string;
}

/** POST /predict: a picture as the body or in a form; ?model=NAME chooses, ?model=* asks all of them. */
export function addPredictRoute(app: FastifyInstance, parts: ServerParts): void {
  const { pool, metrics, maxBytes } = parts;
  app.post<{ Querystring: { model?: unknown; pixels?: unknown }; Body: Buffer | undefined }>("/predict", async (request) => {
    const started = performance.now();
    const { model: asked, pixels } = request.query;
    if (asked !== undefined && typeof asked !== "string") throw new RequestError(400, "Name one model: ?model=NAME, or ?model=* for all.");
    const models = asked === "*" ? pool.pickAll() : [pool.pick(asked)];
    const bytes = await pictureIn(request.body, request.headers["content-type"], maxBytes);
    const images = new Map<ImageStyle, Promise<NormalizedImage>>();
    const answers = await Promise.all(
      models.map(async (model) => {
        const style = model.classifier?.style ?? "digit";
        if (!images.has(style)) images.set(style, normalize(bytes, style, parts));
        const image = await images.get(style)!;
        const given = await answer(model, image.pixels, started, parts);
        return pixels === "1" ? { ...given, names: model.classifier?.info.classNames, pixels: encoded(image.pixels) } : given;
      }),
    );
    metrics.seconds.observe((performance.now() - started) / 1000);
    return asked === "*" ? { predictions: answers } : answers[0];
  });
  const otherMethods = app.supportedMethods.filter((method) => method !== "POST");
  app.route({
    method: otherMethods,
    url: "/predict",
    handler: (_request, reply) => reply.code(405).header("allow", "POST").send({ error: "Send the picture with POST." }),
  });
}

/** An image in the dataset's own form is decoded here: it costs less than handing it to a worker. */
async function normalize(bytes: Buffer, style: ImageStyle, { decoders }: ServerParts): Promise<NormalizedImage> {
  return readDatasetPng(bytes, style) ?? decoders.decode(bytes, style);
}

async function answer(model: PooledModel, pixels: Float32Array, started: number, { metrics }: ServerParts): Promise<PredictResponse> {
  const { classification } = await model.classify(pixels);
  const { label, name, probabilities } = classification;
  metrics.predictions.add({ model: model.source.name, label: String(label) });
  const ms = Math.round((performance.now() - started) * 100) / 100;
  return { label, name, probabilities, model: model.source.name, checkpoint: checkpointName(model.source), ms };
}

function encoded(pixels: Float32Array): string {
  return Buffer.from(Uint8Array.from(pixels, (value) => Math.round(255 * value))).toString("base64");
}
