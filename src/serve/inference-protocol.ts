import * as z from "#zod";
import { classes } from "../model/logits.js";
import { imagePixels as pixelsPerImage } from "../util/image-size.js";
import { RequestError } from "./request-error.js";

/**
 * Requests and answers of the Open Inference Protocol, version 2 (https://github.com/kserve/open-inference-protocol, REST).
 * A model's input is `pixels`, [n, 784] or [n, 28, 28] or [n, 1, 28, 28]: 0 background to 1 ink as FP32 or FP64, to 255 as UINT8.
 * Its outputs are `probabilities` [n, 10] and `label` [n].
 */

const mostImages = 256;
/** Most lists and objects in a request: those of [256, 1, 28, 28] and some more. Parsing many hundred thousand holds up the event loop. */
const mostContainers = 8_192;
/** Most bytes of a request: 256 images in decimal digits as JSON writers print float32. */
export const mostRequestBytes = 2_621_440;
const inputName = "pixels";
const outputNames = ["probabilities", "label"] as const;

const requestSchema = z.object({
  id: z.string().max(200).optional(),
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.int().nonnegative()).max(8),
        datatype: z.enum(["FP32", "FP64", "UINT8"]),
        // readPixels checks the numbers: a schema for each of 200,000 would hold up the event loop.
        data: z.custom<unknown[]>(Array.isArray, "expected a list"),
      }),
    )
    .length(1),
  outputs: z.array(z.object({ name: z.enum(outputNames) })).optional(),
});

interface InferRequest {
  id?: string;
  /** One [784] in [0, 1] an image. */
  images: Float32Array[];
  outputs: readonly (typeof outputNames)[number][];
}

/** @throws RequestError 400 for a malformed request, naming the fault; 413 for too many images */
export function parseInferRequest(body: Buffer = Buffer.alloc(0)): InferRequest {
  const { id, inputs, outputs } = parseBody(body);
  const [{ name, shape, datatype, data }] = inputs;
  if (name !== inputName) throw new RequestError(400, `The model's input is named ${inputName}.`);
  const count = imageCount(shape);
  const pixels = new Float32Array(count * pixelsPerImage);
  const found = readPixels(data, shape.length, datatype === "UINT8" ? 255 : 1, pixels, 0);
  if (found !== pixels.length) throw new RequestError(400, `The shape [${shape.join(", ")}] needs ${pixels.length} values, got ${found}.`);
  return {
    id,
    images: Array.from({ length: count }, (_, i) => pixels.subarray(i * pixelsPerImage, (i + 1) * pixelsPerImage)),
    outputs: outputs?.map((output) => output.name) ?? outputNames,
  };
}

function parseBody(body: Buffer): z.infer<typeof requestSchema> {
  if (containersIn(body) > mostContainers) throw notNumbers();
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch {
    throw new RequestError(400, "The request is not JSON.");
  }
  const parsed = requestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RequestError(400, `The request is not as the protocol asks: ${issue.path.join(".") || "body"}: ${issue.message}.`);
}

/** @returns n of [n, 784], [n, 28, 28] or [n, 1, 28, 28] */
function imageCount(shape: readonly number[]): number {
  const [count, ...rest] = shape;
  if (!["784", "28,28", "1,28,28"].includes(rest.join(",")))
    throw new RequestError(400, `Expected the shape [n, 784], [n, 28, 28] or [n, 1, 28, 28], got [${shape.join(", ")}].`);
  if (count < 1) throw new RequestError(400, "Expected at least one image.");
  if (count > mostImages) throw new RequestError(413, `At most ${mostImages} images go into one request, got ${count}.`);
  return count;
}

/**
 * Puts the numbers of a flat or nested list, at most `depth` deep, into `pixels`, as parts of `ink`.
 * @param at where the first one goes
 * @returns where the next one would go, beyond the end of `pixels` where there are too many
 * @throws RequestError 400 where the list holds anything but numbers from 0 to `ink`
 */
function readPixels(list: readonly unknown[], depth: number, ink: number, pixels: Float32Array, at: number): number {
  let next = at;
  for (const item of list) {
    if (typeof item === "number") {
      if (!(item >= 0 && item <= ink * 1.0001)) throw new RequestError(400, `Pixels lie between 0 (background) and ${ink} (ink).`);
      pixels[next++] = item / ink;
    } else if (Array.isArray(item) && depth > 1) next = readPixels(item, depth - 1, ink, pixels, next);
    else throw notNumbers();
  }
  return next;
}

function notNumbers(): RequestError {
  return new RequestError(400, "The data of an input are numbers, in one list or nested as its shape says.");
}

function containersIn(json: Buffer): number {
  let count = 0;
  for (const byte of json) if (byte === 0x5b || byte === 0x7b) count++;
  return count;
}

/** @returns the protocol's answer */
export function inferResponse(
  model: string,
  { id, images, outputs }: InferRequest,
  answers: readonly { label: number; probabilities: number[] }[],
) {
  const all = {
    probabilities: {
      name: "probabilities",
      shape: [images.length, classes],
      datatype: "FP32",
      data: answers.flatMap(({ probabilities }) => probabilities),
    },
    label: { name: "label", shape: [images.length], datatype: "INT64", data: answers.map(({ label }) => label) },
  };
  return { model_name: model, ...(id !== undefined && { id }), outputs: outputs.map((name) => all[name]) };
}

/** @returns a model's metadata in the protocol's form */
export function modelMetadata(name: string) {
  return {
    name,
    platform: "mnist-tui",
    inputs: [{ name: inputName, datatype: "FP32", shape: [-1, pixelsPerImage] }],
    outputs: [
      { name: "probabilities", datatype: "FP32", shape: [-1, classes] },
      { name: "label", datatype: "INT64", shape: [-1] },
    ],
  };
}
