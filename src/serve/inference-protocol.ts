import { z } from "zod";
import { RequestError } from "./request-error.js";

/**
 * The Open Inference Protocol, version 2 (https://github.com/kserve/open-inference-protocol, REST): what its clients send and expect.
 * A model's input is `pixels`, [n, 784] or [n, 28, 28] or [n, 1, 28, 28]: 0 background to 1 ink as FP32 or FP64, to 255 as UINT8.
 * Its outputs are `probabilities` [n, 10] and `label` [n].
 */

const pixelsPerImage = 784;
const mostImages = 256;
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
        data: z.array(z.unknown()),
      }),
    )
    .length(1),
  outputs: z.array(z.object({ name: z.enum(outputNames) })).optional(),
});

export interface InferRequest {
  id?: string;
  /** One [784] in [0, 1] an image. */
  images: Float32Array[];
  outputs: readonly (typeof outputNames)[number][];
}

/** @throws RequestError 400 saying what is wrong with it, 413 for too many images */
export function parseInferRequest(body: Buffer | undefined): InferRequest {
  let json: unknown;
  try {
    json = JSON.parse((body ?? Buffer.alloc(0)).toString("utf8"));
  } catch {
    throw new RequestError(400, "The request is not JSON.");
  }
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RequestError(400, `The request is not as the protocol asks: ${issue.path.join(".") || "body"}: ${issue.message}.`);
  }
  const { id, inputs, outputs } = parsed.data;
  const [{ name, shape, datatype, data }] = inputs;
  if (name !== inputName) throw new RequestError(400, `The model's input is named ${inputName}.`);
  const [count, ...rest] = shape;
  if (!["784", "28,28", "1,28,28"].includes(rest.join(",")))
    throw new RequestError(400, `Expected the shape [n, 784], [n, 28, 28] or [n, 1, 28, 28], got [${shape.join(", ")}].`);
  if (count < 1) throw new RequestError(400, "Expected at least one image.");
  if (count > mostImages) throw new RequestError(413, `At most ${mostImages} images go into one request, got ${count}.`);
  const values = numbersIn(data, shape.length);
  if (values.length !== count * pixelsPerImage)
    throw new RequestError(400, `The shape [${shape.join(", ")}] needs ${count * pixelsPerImage} values, got ${values.length}.`);
  const scale = datatype === "UINT8" ? 1 / 255 : 1;
  const pixels = Float32Array.from(values, (value) => value * scale);
  if (pixels.some((value) => !(value >= 0 && value <= 1.0001)))
    throw new RequestError(400, `Pixels lie between 0 (background) and ${datatype === "UINT8" ? 255 : 1} (ink).`);
  return {
    id,
    images: Array.from({ length: count }, (_, i) => pixels.subarray(i * pixelsPerImage, (i + 1) * pixelsPerImage)),
    outputs: outputs?.map((output) => output.name) ?? outputNames,
  };
}

/** @returns the numbers of a flat or nested list, at most `depth` deep @throws RequestError where it holds anything else */
function numbersIn(list: readonly unknown[], depth: number): number[] {
  return list.flatMap((item) => {
    if (typeof item === "number") return [item];
    if (Array.isArray(item) && depth > 1) return numbersIn(item, depth - 1);
    throw new RequestError(400, "The data of an input are numbers, in one list or nested as its shape says.");
  });
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
      shape: [images.length, 10],
      datatype: "FP32",
      data: answers.flatMap(({ probabilities }) => probabilities),
    },
    label: { name: "label", shape: [images.length], datatype: "INT64", data: answers.map(({ label }) => label) },
  };
  return { model_name: model, ...(id !== undefined && { id }), outputs: outputs.map((name) => all[name]) };
}

/** @returns what the protocol calls a model's metadata */
export function modelMetadata(name: string) {
  return {
    name,
    platform: "mnist-tui",
    inputs: [{ name: inputName, datatype: "FP32", shape: [-1, pixelsPerImage] }],
    outputs: [
      { name: "probabilities", datatype: "FP32", shape: [-1, 10] },
      { name: "label", datatype: "INT64", shape: [-1] },
    ],
  };
}
