import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { pictureFields } from "./encoded-picture.js";
import { RequestError } from "./request-error.js";

/** Parts of a form (multipart/form-data) that hold files. */

export interface Part {
  field: string;
  /** Absent for a field that is no file. */
  filename?: string;
  bytes: Buffer;
}

interface FormLimits {
  /** Largest part, in bytes. */
  partBytes: number;
  /** Makes the error for a larger one. */
  tooLarge(): RequestError;
}

const partLimits = { files: 8, fields: 32, parts: 40, fieldSize: 4096, fieldNameSize: 100, headerPairs: 32, headerSize: 8192 };
/** Bytes that the parser gets at a time. It goes on after its limits are reached: 200,000 parts at once would hold up the event loop for a second. */
const sliceBytes = 2_048;

/**
 * @param body the whole body, already bounded
 * @returns the parts with a file's name, and those named image or file without one
 * @throws RequestError 400 for a malformed form, 413 for too many parts
 */
export function fileParts(body: Buffer, contentType: string, { partBytes, tooLarge }: FormLimits): Promise<Part[]> {
  return new Promise((resolve, reject) => {
    const parser = createParser(contentType, partBytes);
    if (!parser) {
      reject(malformed());
      return;
    }
    const found: Part[] = [];
    const unfinished = new Set<string | number>();
    parser.on("file", (field, stream, filename) => {
      const chunks: Buffer[] = [];
      const id = unfinished.size;
      unfinished.add(id);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("limit", () => reject(tooLarge()));
      stream.on("error", () => reject(malformed()));
      stream.on("end", () => {
        unfinished.delete(id);
        found.push({ field: String(field), filename, bytes: Buffer.concat(chunks) });
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
    feed(parser, body);
  });
}

function createParser(contentType: string, fileSize: number): BusboyInstance | undefined {
  try {
    return new Busboy({
      headers: { "content-type": contentType },
      limits: { ...partLimits, fileSize },
      isPartAFile: (field, type, file) =>
        file !== undefined || type === "application/octet-stream" || pictureFields.some((name) => name === field),
    });
  } catch {
    return undefined;
  }
}

function feed(parser: BusboyInstance, body: Buffer): void {
  for (let at = 0; at < body.length && !parser.destroyed; at += sliceBytes) parser.write(body.subarray(at, at + sliceBytes));
  if (!parser.destroyed) parser.end();
}

function malformed(): RequestError {
  return new RequestError(400, "The form is malformed; expected multipart/form-data with a boundary and complete parts.");
}
