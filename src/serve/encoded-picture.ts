import { fromBase64 } from "./base64.js";
import { RequestError } from "./request-error.js";

/**
 * Pictures in text, as clients send them that have no file at hand: base64 or a data URL, alone, in JSON or in a form of
 * application/x-www-form-urlencoded. The document around the picture must be small: a parser for megabytes of a hostile one would
 * hold up the event loop.
 */

export const pictureFields = ["image", "file"] as const;
export const jsonExample = '{"image": "data:image/png;base64,…"}';
/** Most bytes before and after the picture. */
const mostOtherBytes = 16_384;
/** A text is base64 where its beginning is. */
const base64Start = /^[A-Za-z0-9+/_\-\s]{1,64}=*$/;

/**
 * @param bytes a picture, or a text that holds one
 * @returns the picture
 * @throws RequestError 400 for JSON or a form without one
 */
export async function decodedPicture(bytes: Buffer): Promise<Buffer> {
  const start = bytes.toString("latin1", 0, 64).trimStart();
  if (start.startsWith("{")) return fromBase64(jsonValue(bytes), "json");
  if (/^[\w.-]{1,40}=[^=]/.test(start)) return fromBase64(formValue(bytes), "form");
  if (!/^data:/i.test(start) && !base64Start.test(start)) return bytes;
  const decoded = await fromBase64(bytes, "none");
  return looksLikePicture(decoded) ? decoded : bytes;
}

/** @returns whether the bytes begin as a PNG, JPEG or WebP file does */
export function looksLikePicture(bytes: Buffer): boolean {
  return /^(\x89PNG|\xff\xd8|RIFF)/.test(bytes.toString("latin1", 0, 4));
}

/** @returns the string of the field image or file */
function jsonValue(bytes: Buffer): Buffer {
  const found = valueIn(bytes, (name) => new RegExp(`"${name}"\\s*:\\s*"`), '"');
  if (found && isJson(`${found.before}${found.after}`)) return found.value;
  throw new RequestError(400, `The JSON holds no picture; expected ${jsonExample}.`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** @returns the value of the field image or file; its plus signs are base64's, which many clients leave as they are, and no spaces */
function formValue(bytes: Buffer): Buffer {
  const found = valueIn(bytes, (name) => new RegExp(`(?:^|&)${name}=`), "&");
  if (found) return found.value;
  throw new RequestError(400, "The form holds no picture; expected image=… with the picture in base64.");
}

/**
 * @param key matches a field's name up to its value @param end stands behind the value, which may also go to the end of the text
 * @returns the first field's value with the text before and after it; undefined where there is none, or too much text around it
 */
function valueIn(bytes: Buffer, key: (name: string) => RegExp, end: string) {
  const head = bytes.toString("latin1", 0, mostOtherBytes);
  const match = pictureFields.map((name) => key(name).exec(head)).find((found) => found !== null);
  if (!match) return undefined;
  const from = match.index + match[0].length;
  const to = bytes.indexOf(end, from);
  const value = bytes.subarray(from, to < 0 ? bytes.length : to);
  const rest = bytes.subarray(from + value.length);
  return rest.length > mostOtherBytes ? undefined : { before: head.slice(0, from), value, after: rest.toString("latin1") };
}
