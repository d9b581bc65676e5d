import type { FastifyInstance } from "fastify";
import type { ImageStyle, NormalizedImage } from "../picture/read.js";
import { readDatasetPng } from "../picture/small-png.js";
import { answerPicture, type DigitAnswer } from "../predict/answer.js";
import { checkpointName, type PooledModel } from "./model-pool.js";
import type { ServerParts } from "./parts.js";
import { RequestError } from "./request-error.js";
import { pictureIn } from "./upload.js";

/** The answer to a picture. */
interface PredictResponse {
  label: number;
  name: string;
  probabilities: number[];
  model: string;
  checkpoint: string;
  /** Where several digits are on the picture: all, from left to right; `label` is the largest one's, and a warning says so. */
  digits?: BoxedAnswer[];
  warnings?: string[];
  /** From the whole request's arrival to the answer. */
  ms: number;
  /** With ?pixels=1: all classes' names, and the network's input as base64 of 784 bytes. */
  names?: string[];
  pixels?: string;
}

interface BoxedAnswer {
  label: number;
  name: string;
  probabilities: number[];
  /** Left, top, width and height in the upright picture, in its pixels. */
  box: readonly [left: number, top: number, width: number, height: number];
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
        const { given, seen } = await answer(model, image, started, parts);
        return pixels === "1" ? { ...given, names: model.classifier?.info.classNames, pixels: encoded(seen) } : given;
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

async function answer(
  model: PooledModel,
  image: NormalizedImage,
  started: number,
  { metrics }: ServerParts,
): Promise<{ given: PredictResponse; seen: Float32Array }> {
  const read = await answerPicture(image, (images) =>
    Promise.all(images.map(async (pixels) => (await model.classify(pixels)).classification)),
  );
  const { label, name, probabilities, pixels } = read.answer;
  metrics.predictions.add({ model: model.source.name, label: String(label) });
  const several = read.digits.length > 1 && { digits: read.digits.map(boxed), warnings: read.warnings };
  const ms = Math.round((performance.now() - started) * 100) / 100;
  const given = { label, name, probabilities, ...several, model: model.source.name, checkpoint: checkpointName(model.source), ms };
  return { given, seen: pixels };
}

function boxed({ label, name, probabilities, box }: DigitAnswer): BoxedAnswer {
  return { label, name, probabilities, box };
}

function encoded(pixels: Float32Array): string {
  return Buffer.from(Uint8Array.from(pixels, (value) => Math.round(255 * value))).toString("base64");
}
