import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { RequestError } from "./request-error.js";

/** The picture in a request's body: a file part of a form, or the body itself. */

export interface UploadLimits {
  /** Largest picture, in bytes. */
  maxBytes: number;
}

/** Bytes that a form may need beyond its file: boundaries, part headers, a few fields. */
export const formOverhead = 16_384;
const partLimits = { files: 8, fields: 32, parts: 40, fieldSize: 4096, fieldNameSize: 100, headerPairs: 32, headerSize: 8192 };
const fieldNames = ["image", "file"];
/** Bytes that the parser gets at a time. It goes on after its limits are reached: 200,000 parts at once would hold up the event loop for a second. */
const sliceBytes = 2_048;

/**
 * @param body the whole body, already bounded
 * @throws RequestError 400 for a malformed form or none of the parts expected, 413 for a file above the limit, 415 for an empty body
 */
export async function pictureIn(body: Buffer | undefined, contentType: string | undefined, { maxBytes }: UploadLimits): Promise<Buffer> {
  const bytes = contentType !== undefined && /^multipart\//i.test(contentType) ? await filePart(body, contentType, maxBytes) : body;
  if (!bytes || bytes.length === 0)
    throw new RequestError(415, "The request holds no picture; send a PNG or JPEG file as the body or in a form.");
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

export function tooLarge(maxBytes: number): RequestError {
  return new RequestError(413, `The file is larger than ${maxBytes} bytes.`, { connection: "close" });
}

interface Part {
  field: string;
  bytes: Buffer;
}

async function filePart(body: Buffer | undefined, contentType: string, maxBytes: number): Promise<Buffer> {
  const parts = await fileParts(body ?? Buffer.alloc(0), contentType, maxBytes);
  const named = fieldNames.map((name) => parts.find(({ field }) => field === name)).find((part) => part !== undefined);
  const chosen = named ?? (parts.length === 1 ? parts[0] : undefined);
  if (chosen) return chosen.bytes;
  throw new RequestError(
    400,
    parts.length === 0
      ? "The form has no file part; send one named image."
      : `The form has ${parts.length} file parts and none is named image or file; name the one that is meant.`,
  );
}

function fileParts(body: Buffer, contentType: string, maxBytes: number): Promise<Part[]> {
  const malformed = () => new RequestError(400, "The form is malformed; expected multipart/form-data with a boundary and complete parts.");
  return new Promise((resolve, reject) => {
    const found: Part[] = [];
    let parser: BusboyInstance;
    try {
      parser = new Busboy({ headers: { "content-type": contentType }, limits: { ...partLimits, fileSize: maxBytes } });
    } catch {
      reject(malformed());
      return;
    }
    const unfinished = new Set<string | number>();
    parser.on("file", (field, stream) => {
      const chunks: Buffer[] = [];
      const id = unfinished.size;
      unfinished.add(id);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("limit", () => reject(tooLarge(maxBytes)));
      stream.on("error", () => reject(malformed()));
      stream.on("end", () => {
        unfinished.delete(id);
        found.push({ field: String(field), bytes: Buffer.concat(chunks) });
      });
    });
    for (const limit of ["partsLimit", "filesLimit", "fieldsLimit"] as const)
      parser.on(limit, () => {
        parser.destroy();
        reject(new RequestError(413, "The form has too many parts."));
      });
    parser.on("error", () => reject(malformed()));
    // A body that breaks off in a part never ends the part's stream.
    parser.on("finish", () => (unfinished.size === 0 ? resolve(found) : reject(malformed())));
    for (let at = 0; at < body.length && !parser.destroyed; at += sliceBytes) parser.write(body.subarray(at, at + sliceBytes));
    if (!parser.destroyed) parser.end();
  });
}
