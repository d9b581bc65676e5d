/**
 * The safetensors file format (https://github.com/huggingface/safetensors, README "Format"): 8 bytes header length
 * (unsigned, little-endian), a JSON header { NAME: { dtype, shape, data_offsets: [begin, end] }, __metadata__ }, then the
 * tensors' bytes, little-endian, C order, without holes.
 */

/** A named tensor's content; an empty shape is a scalar. */
export interface StoredTensor {
  shape: readonly number[];
  data: Float32Array | BigInt64Array;
}

interface Safetensors {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
}

const metadataKey = "__metadata__";
const elementBytes = { F32: 4, I64: 8 } as const;
type Dtype = keyof typeof elementBytes;
/** The reference implementation's own limit on the header. */
const maxHeaderBytes = 100_000_000;

/**
 * @param tensors float32 and int64 tensors; those of 8-byte elements are stored first, so that all are aligned
 * @param metadata free text by key, such as { format: "pt" }
 * @throws Error where a shape and its data disagree
 */
export function encodeSafetensors(tensors: Map<string, StoredTensor>, metadata?: Record<string, string>): Uint8Array {
  const ordered = [...tensors].sort(([, a], [, b]) => elementBytes[dtypeOf(b)] - elementBytes[dtypeOf(a)]);
  const header: [string, unknown][] = metadata ? [[metadataKey, metadata]] : [];
  let end = 0;
  for (const [name, tensor] of ordered) {
    if (name === metadataKey) throw new Error(`a tensor cannot be named ${metadataKey}`);
    if (countOf(tensor.shape) !== tensor.data.length)
      throw new Error(`tensor ${name} of shape [${tensor.shape}] has ${tensor.data.length} values`);
    const begin = end;
    end += tensor.data.byteLength;
    header.push([name, { dtype: dtypeOf(tensor), shape: [...tensor.shape], data_offsets: [begin, end] }]);
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes);
  bytes.set(text, 8);
  let offset = 8 + headerBytes;
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a file of float32 and int64 tensors by `encodeSafetensors` or any other writer, checking everything.
 * @returns tensors in the order of the header, in memory of their own
 * @throws Error naming the fault in the bytes
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  if (bytes.length < 8) throw new Error(`expected at least 8 bytes of safetensors, got ${bytes.length}`);
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (headerBytes > maxHeaderBytes || 8 + headerBytes > bytes.length)
    throw new Error(`expected a header of ${headerBytes} bytes, the file has ${bytes.length}`);
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes));
  // A plain Uint8Array, whose slice copies; a Buffer's does not.
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + 8 + headerBytes, bytes.length - 8 - headerBytes);
  const tensors = new Map<string, StoredTensor>();
  const spans: [begin: number, end: number][] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === metadataKey) {
      metadata = entry as Record<string, string>;
      continue;
    }
    const { dtype, shape, begin, end } = checkEntry(name, entry, body.length);
    spans.push([begin, end]);
    const copy = body.slice(begin, end).buffer;
    tensors.set(name, { shape, data: dtype === "F32" ? new Float32Array(copy) : new BigInt64Array(copy) });
  }
  checkCover(spans, body.length);
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Error("the safetensors header is not JSON");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw new Error("the safetensors header is not a JSON object");
  return header as Record<string, unknown>;
}

function checkEntry(name: string, entry: unknown, bodyBytes: number): { dtype: Dtype; shape: number[]; begin: number; end: number } {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  if (dtype !== "F32" && dtype !== "I64") throw new Error(`tensor ${name}: expected dtype F32 or I64, got ${String(dtype)}`);
  if (!isCounts(shape)) throw new Error(`tensor ${name}: its shape is not a list of counts`);
  if (!isCounts(offsets) || offsets.length !== 2) throw new Error(`tensor ${name}: its data_offsets are not two numbers`);
  const [begin, end] = offsets;
  if (begin > end || end > bodyBytes) throw new Error(`tensor ${name}: bytes ${begin}–${end} lie outside the file's ${bodyBytes}`);
  if (countOf(shape) * elementBytes[dtype] !== end - begin)
    throw new Error(`tensor ${name}: shape [${shape}] of ${dtype} does not take ${end - begin} bytes`);
  return { dtype, shape, begin, end };
}

/** The format allows neither holes nor overlaps, so that a file has no room for anything else. */
function checkCover(spans: [begin: number, end: number][], bodyBytes: number): void {
  let covered = 0;
  for (const [begin, end] of spans.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (begin !== covered) throw new Error(`the tensors leave a hole or overlap at byte ${Math.min(begin, covered)}`);
    covered = end;
  }
  if (covered !== bodyBytes) throw new Error(`the tensors take ${covered} bytes, the file has ${bodyBytes}`);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function dtypeOf(tensor: StoredTensor): Dtype {
  return tensor.data instanceof Float32Array ? "F32" : "I64";
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
