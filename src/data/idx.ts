import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { promisify } from "node:util";
import { constants, gunzip } from "node:zlib";
import { fileErrorReason } from "../util/atomic-write.js";
import { UserError } from "../util/errors.js";

/**
 * The IDX format of MNIST (https://github.com/cvdf-datasets/mnist): two zero bytes, a type byte (0x08 is uint8), the number of
 * dimensions, the dimensions as big-endian uint32, then the values, last dimension fastest. Only uint8 occurs in these datasets.
 */
interface Idx {
  dimensions: readonly number[];
  /** As many bytes as the product of the dimensions; a view into the bytes given. */
  data: Uint8Array;
}

interface IdxExpectation {
  /** Expected size of each dimension; undefined: any size above 0. */
  dimensions: readonly (number | undefined)[];
  /** The largest value allowed, such as 9 for the labels of ten classes. */
  maximum?: number;
}

const typeNames: Record<number, string> = { 8: "uint8", 9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64" };

/**
 * @param file the name to use in errors
 * @throws UserError with the file's name, the expected and the found value, for anything but a whole uint8 IDX file of that shape
 */
export function parseIdx(bytes: Uint8Array, file: string, expected: IdxExpectation): Idx {
  const refuse = (wanted: string, found: string): never => {
    throw new UserError(`${file}: expected ${wanted}, found ${found}; replace the file by a fresh download.`);
  };
  const rank = expected.dimensions.length;
  const header = 4 + 4 * rank;
  if (bytes.length < 4)
    refuse(`an IDX file with a header of ${header} bytes`, bytes.length === 0 ? "an empty file" : `${bytes.length} bytes`);
  const magic = Buffer.from(bytes.subarray(0, 4)).toString("hex");
  if (bytes[0] !== 0 || bytes[1] !== 0 || !(bytes[2] in typeNames))
    refuse(`an IDX file beginning 0000080${rank}`, `a file beginning ${magic}`);
  if (bytes[2] !== 8) refuse("values of type uint8", `values of type ${typeNames[bytes[2]]}`);
  if (bytes[3] !== rank) refuse(`${rank} dimension${rank === 1 ? "" : "s"}`, `${bytes[3]}`);
  if (bytes.length < header) refuse(`a header of ${header} bytes`, `a file of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions = expected.dimensions.map((_, i) => view.getUint32(4 + 4 * i));
  const fits = dimensions.every((size, i) => size > 0 && (expected.dimensions[i] ?? size) === size);
  if (!fits) refuse(`dimensions ${expected.dimensions.map((size) => size ?? "n").join("×")}`, dimensions.join("×"));
  const length = dimensions.reduce((product, size) => product * size, 1);
  if (bytes.length !== header + length) refuse(`${header + length} bytes for dimensions ${dimensions.join("×")}`, `${bytes.length} bytes`);
  // A Buffer's subarray is a Buffer, whose slice() shares memory where a Uint8Array's copies.
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + header, length);
  if (expected.maximum !== undefined) {
    const maximum = expected.maximum;
    const wrong = data.findIndex((value) => value > maximum);
    if (wrong >= 0) refuse(`values from 0 to ${maximum}`, `${data[wrong]} at position ${wrong}`);
  }
  return { dimensions, data };
}

/** @param data uint8, as many values as the product of the dimensions @returns the bytes of a uint8 IDX file */
export function encodeIdx(dimensions: readonly number[], data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dimensions.length + data.length);
  const view = new DataView(bytes.buffer);
  bytes[2] = 8;
  bytes[3] = dimensions.length;
  dimensions.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  bytes.set(data, 4 + 4 * dimensions.length);
  return bytes;
}

/** @returns lower-case hexadecimal SHA-256 */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export interface Content {
  /** Decompressed; of a damaged gzip file the part before the damage. */
  bytes: Uint8Array;
  /** Why the content is incomplete; undefined: it is whole. */
  damage?: string;
  /** Why the file cannot be read at all; `bytes` is then empty. */
  unreadable?: string;
}

const gunzipAsync = promisify(gunzip);

/**
 * Decompresses bytes that begin as a gzip file does; returns all others as they are.
 * @param limit most bytes of output, so that a crafted file cannot fill the memory
 */
export async function decompress(bytes: Uint8Array, limit: number): Promise<Content> {
  if (bytes.length < 2 || bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { bytes };
  // A gzip file ends with its content's size: one output buffer of that size saves joining chunks.
  const announced = bytes.length >= 18 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true) : 0;
  const chunkSize = Math.max(64, Math.min(Math.max(announced + 1, 1 << 16), limit + 1));
  try {
    return { bytes: await gunzipAsync(bytes, { chunkSize, maxOutputLength: limit }) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") return { bytes: new Uint8Array(0), damage: `more than ${limit} bytes when decompressed` };
    const partial = await gunzipAsync(bytes, { maxOutputLength: limit, finishFlush: constants.Z_SYNC_FLUSH }).catch(
      () => new Uint8Array(0),
    );
    return { bytes: partial, damage: code === "Z_BUF_ERROR" ? "truncated gzip data" : `damaged gzip data: ${message}` };
  }
}

/** Reads a file, gzipped or not. Never throws. @param limit most bytes of decompressed content */
export async function readContent(file: string, limit: number): Promise<Content> {
  let bytes: Uint8Array;
  try {
    // Opening a pipe would wait for its writer.
    if (!statSync(file).isFile()) return { bytes: new Uint8Array(0), unreadable: "a folder, pipe or device" };
    // An asynchronous read waits for a turn of the event loop every half megabyte, and the loop is busy when a run starts.
    bytes = readFileSync(file);
  } catch (error) {
    return { bytes: new Uint8Array(0), unreadable: fileErrorReason(error) ?? (error as Error).message };
  }
  return decompress(bytes, limit);
}
