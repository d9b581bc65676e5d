import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from "../../dist/run/safetensors.js";

const tensors = new Map<string, StoredTensor>([
  ["conv1.weight", { shape: [2, 1, 3, 3], data: Float32Array.from({ length: 18 }, (_, i) => Math.fround(i / 7 - 1)) }],
  ["bn1.num_batches_tracked", { shape: [], data: BigInt64Array.of(-5000000000n) }],
  ["conv1.bias", { shape: [2], data: Float32Array.of(Number.MIN_VALUE, -0) }],
  ["empty", { shape: [0, 4], data: new Float32Array(0) }],
  ["__proto__", { shape: [1], data: Float32Array.of(9) }],
]);

/** Builds a file from a header and a body that need not agree. */
function file(header: unknown, bodyBytes: number): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(bodyBytes)]);
}

const python = process.env.MNIST_TUI_PYTHON ?? "python3";
const hasPackage = spawnSync(python, ["-c", "import safetensors.numpy"]).status === 0;

describe("safetensors", () => {
  it("reads back the tensors that it wrote, bit for bit", () => {
    const read = decodeSafetensors(encodeSafetensors(tensors, { format: "pt", note: "ünï" }));
    expect(read.metadata).toEqual({ format: "pt", note: "ünï" });
    expect(new Set(read.tensors.keys())).toEqual(new Set(tensors.keys()));
    for (const [name, tensor] of tensors) expect(read.tensors.get(name)).toStrictEqual(tensor);
  });

  it("reads from any offset of a larger buffer", () => {
    const bytes = encodeSafetensors(tensors);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeSafetensors(shifted.subarray(3)).tensors.get("conv1.weight")).toStrictEqual(tensors.get("conv1.weight"));
  });

  it("aligns every tensor to its element size, as the format's reference writer does", () => {
    const bytes = encodeSafetensors(tensors, { format: "pt" });
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + headerBytes)).toString());
    expect(headerBytes % 8).toBe(0);
    for (const name of tensors.keys()) {
      const { dtype, data_offsets } = header[name];
      expect((8 + headerBytes + data_offsets[0]) % (dtype === "I64" ? 8 : 4)).toBe(0);
    }
  });

  it("refuses to write a shape that its data does not have", () => {
    expect(() => encodeSafetensors(new Map([["a", { shape: [3], data: new Float32Array(2) }]]))).toThrow("shape [3] has 2 values");
  });

  const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const broken: [string, Uint8Array, RegExp][] = [
    ["too short", new Uint8Array(7), /at least 8 bytes/],
    ["a header longer than the file", encodeSafetensors(tensors).subarray(0, 40), /expected a header of/],
    ["a header that is no JSON", file("{nope", 0), /not JSON/],
    ["a header that is no object", file([1], 0), /not a JSON object/],
    ["an unknown dtype", file({ a: { ...entry, dtype: "F16" } }, 8), /expected dtype F32 or I64, got F16/],
    ["a negative size", file({ a: { ...entry, shape: [-2] } }, 8), /not a list of counts/],
    ["data outside the file", file({ a: entry }, 4), /outside the file's 4/],
    ["a shape that does not fit", file({ a: { ...entry, shape: [3] } }, 8), /does not take 8 bytes/],
    ["a hole", file({ a: entry, b: { ...entry, data_offsets: [12, 20] } }, 20), /hole or overlap at byte 8/],
    ["an overlap", file({ a: entry, b: { ...entry, data_offsets: [4, 12] } }, 12), /hole or overlap at byte 4/],
    ["bytes after the last tensor", file({ a: entry }, 9), /take 8 bytes, the file has 9/],
    ["an entry that is null", file({ a: null }, 0), /expected dtype/],
  ];
  it.each(broken)("refuses %s", (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });

  it("fails with no other kind of error, whatever byte is flipped or cut off", () => {
    const bytes = encodeSafetensors(tensors, { format: "pt" });
    for (let i = 0; i < bytes.length; i++) {
      for (const bytesNow of [bytes.slice(0, i), bytes.map((byte, at) => (at === i ? byte ^ (1 << (i % 8)) : byte))]) {
        try {
          decodeSafetensors(bytesNow);
        } catch (error) {
          expect((error as Error).constructor).toBe(Error);
        }
      }
    }
  });

  it.skipIf(!hasPackage)("is read alike by the safetensors package, and reads the package's files (needs Python with safetensors)", () => {
    const folder = mkdtempSync(join(tmpdir(), "mnist-tui-safetensors-"));
    try {
      writeFileSync(join(folder, "ours"), encodeSafetensors(tensors, { format: "pt" }));
      const script = `
import json, sys, numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
t = load_file(sys.argv[1] + "/ours")
save_file(t, sys.argv[1] + "/theirs", metadata={"made": "there"})
with safe_open(sys.argv[1] + "/ours", "np") as f: meta = f.metadata()
print(json.dumps({"meta": meta, "tensors": {k: [str(v.dtype), list(v.shape), v.astype("<f8").tolist()] for k, v in t.items()}}))`;
      const theirs = JSON.parse(execFileSync(python, ["-c", script, folder], { encoding: "utf8" }));
      expect(theirs.meta).toEqual({ format: "pt" });
      expect(theirs.tensors["conv1.bias"]).toEqual(["float32", [2], [0, -0]]);
      expect(theirs.tensors["bn1.num_batches_tracked"]).toEqual(["int64", [], -5000000000]);
      expect(theirs.tensors["conv1.weight"].slice(0, 2)).toEqual(["float32", [2, 1, 3, 3]]);
      expect(theirs.tensors["conv1.weight"][2].flat(3)).toEqual([...tensors.get("conv1.weight")!.data]);
      const back = decodeSafetensors(readFileSync(join(folder, "theirs")));
      expect(back.metadata).toEqual({ made: "there" });
      for (const [name, tensor] of tensors) expect(back.tensors.get(name)).toStrictEqual(tensor);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
