import { setImmediate } from "node:timers/promises";

/** Base64 of many megabytes, decoded in slices between which the event loop serves other clients. */

/** How the document around the base64 escapes characters: not at all, as a string in JSON, or as a value in a form. */
type Escapes = "none" | "json" | "form";

/** A multiple of four: four digits are three bytes, so that each slice can be decoded on its own. */
const sliceBytes = 2 ** 19;
const [backslash, percent, space, unicode] = Buffer.from("\\% u");
/** Longest beginning of a data URL up to its comma. */
const longestPrefix = 200;

/**
 * @param text base64 or base64url, with or without "data:…;base64," before it; whitespace does not count
 * @returns its bytes
 */
export async function fromBase64(text: Buffer, escapes: Escapes): Promise<Buffer> {
  const digits = await digitsOf(text, escapes);
  const decoded = Buffer.allocUnsafe(Math.ceil((digits.length * 3) / 4));
  let length = 0;
  for (let at = 0; at < digits.length; at += sliceBytes) {
    length += decoded.write(digits.toString("latin1", at, at + sliceBytes), length, "base64");
    await setImmediate();
  }
  return decoded.subarray(0, length);
}

/** @returns the digits alone, without escapes, whitespace and the beginning of a data URL */
async function digitsOf(text: Buffer, escapes: Escapes): Promise<Buffer> {
  const digits = Buffer.allocUnsafe(text.length);
  const mark = { none: undefined, json: backslash, form: percent }[escapes];
  let length = 0;
  for (let at = 0; at < text.length; ) {
    const end = Math.min(at + sliceBytes, text.length);
    while (at < end) {
      let byte = text[at];
      if (byte === mark) {
        byte = escapedByte(text, at);
        at += escapeLength(text, at);
      } else at++;
      if (byte > space) digits[length++] = byte;
    }
    await setImmediate();
  }
  const start = digits.toString("latin1", 0, Math.min(length, longestPrefix));
  return digits.subarray(/^data:/i.test(start) ? start.indexOf(",") + 1 : 0, length);
}

/** "%2B" has three characters, "\\u002b" six, "\\/" two. */
function escapeLength(text: Buffer, at: number): number {
  return text[at] === percent ? 3 : text[at + 1] === unicode ? 6 : 2;
}

/** @returns the byte that an escape stands for, a space for a line end; one that is no digit where it is malformed */
function escapedByte(text: Buffer, at: number): number {
  const length = escapeLength(text, at);
  if (length === 2) return /[nrt]/.test(String.fromCharCode(text[at + 1])) ? space : text[at + 1];
  return Number.parseInt(text.toString("latin1", at + (length === 3 ? 1 : 2), at + length), 16) || space;
}
