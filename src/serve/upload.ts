import { decodedPicture, jsonExample, looksLikePicture, pictureFields } from "./encoded-picture.js";
import { fileParts, type Part } from "./form.js";
import { RequestError } from "./request-error.js";

/** The picture in a request's body: a file part of a form, a text that holds it, or the body itself. */

/** Bytes that a body may need beyond its picture: a form's boundaries, part headers and other fields, JSON around a text. */
const overheadBytes = 16_384;

/** @returns most bytes of a body whose picture has `maxBytes`: base64 takes 4/3 of it, its escapes and line ends in a form some more */
export function mostBodyBytes(maxBytes: number): number {
  return Math.ceil(maxBytes * 1.5) + overheadBytes;
}

export const howToSend = `send a PNG, JPEG or WebP file as the body, in a form's field image, or in base64 as ${jsonExample}`;

/**
 * @param body the whole body, already bounded
 * @param maxBytes largest picture
 * @throws RequestError 400 for a malformed form or none of the parts expected, 413 for a picture above the limit, 415 for an empty body
 */
export async function pictureIn(body: Buffer | undefined, contentType: string | undefined, maxBytes: number): Promise<Buffer> {
  const isForm = contentType !== undefined && /^multipart\//i.test(contentType);
  const bytes = isForm ? await formPicture(body ?? Buffer.alloc(0), contentType, maxBytes) : body && (await decodedPicture(body));
  if (!bytes || bytes.length === 0) throw new RequestError(415, `The request holds no picture; ${howToSend}.`);
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

export function tooLarge(maxBytes: number): RequestError {
  return new RequestError(
    413,
    `The file is larger than ${maxBytes} bytes, the value of --max-bytes; send a smaller one, or start the server with a larger value.`,
  );
}

async function formPicture(body: Buffer, contentType: string, maxBytes: number): Promise<Buffer> {
  const parts = await fileParts(body, contentType, { partBytes: mostBodyBytes(maxBytes), tooLarge: () => tooLarge(maxBytes) });
  const { field, filename, bytes } = chosenPart(parts);
  const picture = await decodedPicture(bytes);
  if (filename === undefined && bytes.length > 0 && !looksLikePicture(picture))
    throw new RequestError(400, `The form holds no picture in its field ${field}; expected a file, or a PNG, JPEG or WebP file in base64.`);
  return picture;
}

function chosenPart(parts: readonly Part[]): Part {
  const named = pictureFields.map((name) => parts.find(({ field }) => field === name)).find((part) => part !== undefined);
  const chosen = named ?? (parts.length === 1 ? parts[0] : undefined);
  if (chosen) return chosen;
  throw new RequestError(
    400,
    parts.length === 0
      ? "The form has no file part; send one named image."
      : `The form has ${parts.length} file parts and none is named image or file; name the one that is meant.`,
  );
}
