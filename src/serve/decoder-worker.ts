import { parentPort } from "node:worker_threads";
import type { ImageLimits } from "../picture/decode.js";
import { ImageError, type ImageProblem } from "../picture/image-error.js";
import { type ImageStyle, type NormalizedImage, readImage } from "../picture/read.js";

/** Decodes and normalizes pictures beside the event loop. */

export interface DecodeRequest {
  id: number;
  bytes: Uint8Array;
  style: ImageStyle;
  limits: ImageLimits;
}

export type DecodeReply =
  | { id: number; image: NormalizedImage }
  | { id: number; problem: ImageProblem; predicate: string }
  | { id: number; failure: string };

const port = parentPort!;

port.on("message", async ({ id, bytes, style, limits }: DecodeRequest) => {
  port.postMessage(await reply(id, bytes, style, limits));
});

async function reply(id: number, bytes: Uint8Array, style: ImageStyle, limits: ImageLimits): Promise<DecodeReply> {
  try {
    return { id, image: await readImage(bytes, style, limits) };
  } catch (error) {
    if (error instanceof ImageError) return { id, problem: error.problem, predicate: error.predicate };
    return { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
