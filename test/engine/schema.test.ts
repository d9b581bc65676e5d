import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { encodeOp, encodeStruct, structWords } from "../../dist/engine/cpu/program/encode.js";
import { cpuSchema, programVersion } from "../../dist/engine/cpu/program/schema.js";
import { structBytes, structSize } from "../../dist/engine/cuda/kernels.js";
import { type Offset, offsetBy } from "../../dist/engine/schema/fields.js";
import { versionOf } from "../../dist/engine/schema/version.js";

const run = promisify(execFile);
const native = fileURLToPath(new URL("../../native/", import.meta.url));
const at = (floats: number) => offsetBy(0 as Offset, floats);
const view = { scope: "task", offset: 7, image: 784, block: 196, row: 14, pixel: 1 } as const;
const viewWords = [1, 7, 784, 196, 14, 1];
const pool = { in: view, out: view, height: 14, width: 13, blocks: 2, accumulate: true };

describe("a struct's value", () => {
  it("is words in the order of the schema, whatever the order of its properties", () => {
    const { blocks, ...rest } = pool;
    expect(encodeStruct("PoolOp", { blocks, ...rest })).toEqual([...viewWords, ...viewWords, 14, 13, 2, 1]);
  });

  it("stands behind a header in an op, with the length of both", () => {
    const words = encodeOp("globalAveragePool", pool, { id: 5, gate: -1 });
    expect(words.slice(0, 4)).toEqual([1 + Object.keys(cpuSchema.ops).indexOf("globalAveragePool"), words.length, 5, -1]);
    expect(words.slice(4)).toEqual(encodeStruct("PoolOp", pool));
  });

  it("has −1 for an absent number, zeros for an absent struct, a flag for a struct that may be absent, and lists behind all fields", () => {
    const transpose = { weights: at(9), taps: 1, inputs: 2, outputs: 3, tiles: at(4) };
    const tile = { vectors: 4, first: 8, weights: 12 };
    const range = { weights: at(1), from: 2, count: 3, pieces: 4, step: 5, tile };
    expect(encodeStruct("WeightRange", { ...range, transpose: undefined })).toEqual([1, 2, 3, 4, 5, 4, 8, 12, 0, 0, 0, 0, 0, 0]);
    expect(encodeStruct("WeightRange", { ...range, transpose })).toEqual([1, 2, 3, 4, 5, 4, 8, 12, 9, 1, 2, 3, 4, 1]);
    const outer = { in: view, out: view, height: 1, width: 1, rowStep: 0, pixelStep: 0, blocks: 1, lastBlock: 1, blockSize: 1 };
    const words = encodeStruct("OuterOp", { ...outer, gradient: at(6), taps: [{ x: 3, w: 5 }], tiles: [tile, tile] });
    expect(words.slice(structWords("OuterOp") - 2)).toEqual([1, 2, 3, 5, 4, 8, 12, 4, 8, 12]);
  });

  it("is refused by the compiler where a field is missing, wrong or of another kind", () => {
    const { blocks, ...missing } = pool;
    // @ts-expect-error Property 'blocks' is missing
    encodeStruct("PoolOp", missing);
    // @ts-expect-error "thread" is no scope
    encodeStruct("View", { ...view, scope: "thread" });
    // @ts-expect-error a number is no flag
    expect(encodeStruct("Phase", { words: 0, perImage: 1, tasks: 0, early: false, stages: 0, finishOps: 0 })).toHaveLength(6);
    const statistics = { in: view, height: 1, width: 1 };
    // @ts-expect-error a count stands where an offset should, and an offset is swapped with it
    expect(encodeStruct("StatisticsOp", { ...statistics, blocks: at(3), sums: blocks })).toHaveLength(structWords("StatisticsOp"));
  });

  it("has addresses where the device's compiler expects them, in CUDA's schema", () => {
    const bytes = structBytes("Segment", [
      { gradient: 0x123456789n, first: 1, count: 2, parts: 3 },
      { gradient: undefined, first: 4, count: 5, parts: 6 },
    ]);
    expect(bytes).toHaveLength(2 * structSize("Segment"));
    expect([...new Uint32Array(bytes.buffer)]).toEqual([0x23456789, 1, 1, 2, 3, 0, 0, 0, 4, 5, 6, 0]);
  });
});

describe("the headers that native/ includes", () => {
  it("are identical to those that the schemas make", async () => {
    const { stdout } = await run(process.execPath, [fileURLToPath(new URL("../../scripts/build-program.mjs", import.meta.url)), "--check"]);
    expect(stdout).toMatch(
      /native\/program\.gen\.h is what .*\nnative\/dispatch\.gen\.h is what .*\nnative\/cuda\/program\.gen\.cuh is what /,
    );
  });

  it("lay structs out as TypeScript does", async (context) => {
    const names = Object.keys(cpuSchema.structs) as (keyof typeof cpuSchema.structs)[];
    const header = new Set<string>(Object.values(cpuSchema.ops).map(({ struct }) => struct));
    const words = (name: (typeof names)[number]) => structWords(name) + (header.has(name) ? structWords("Op") : 0);
    const folder = mkdtempSync(join(tmpdir(), "mnist-tui-layout-"));
    try {
      const file = join(folder, "layout.cpp");
      const asserts = names.map((name) => `static_assert(sizeof(${name}) == ${4 * words(name)}, "${name}");`);
      const cuda = (["Divisor", "Run", "Segment", "UpdateBlock", "Patches", "Conv", "Activation"] as const).map(
        (name) => `static_assert(sizeof(cuda::${name}) == ${structSize(name)}, "cuda::${name}");`,
      );
      const includes = ['#include "program.gen.h"', "namespace cuda {", '#include "cuda/program.gen.cuh"', "}"];
      writeFileSync(
        file,
        [...includes, `static_assert(programVersion == ${programVersion}, "version");`, ...asserts, ...cuda, ""].join("\n"),
      );
      const compiler = process.env.CXX ?? "c++";
      const version = await run(compiler, ["--version"]).catch(() => undefined);
      if (!version) return context.skip();
      await run(compiler, ["-std=c++20", "-fsyntax-only", `-I${native}`, file]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the version of a schema", () => {
  const schema = {
    constants: {},
    enums: { E: { doc: "", prefix: "e", values: { a: "", b: "" } } },
    structs: { S: { doc: "", fields: { x: { kind: "count", doc: "" }, y: { kind: "count", doc: "" } } } },
  };
  const changed = (change: (copy: typeof schema) => void) => {
    const copy = structuredClone(schema);
    change(copy);
    return versionOf(copy);
  };

  it("changes with the kinds, the names and their order", () => {
    const versions = [
      versionOf(schema),
      changed((copy) => Object.assign(copy.structs.S.fields.x, { kind: "floats" })),
      changed((copy) => Object.assign(copy.structs.S, { fields: { y: schema.structs.S.fields.y, x: schema.structs.S.fields.x } })),
      changed((copy) => Object.assign(copy.enums.E, { values: { b: "", a: "" } })),
    ];
    expect(new Set(versions).size).toBe(versions.length);
  });

  it("does not change with the texts", () => {
    const other = changed((copy) => {
      copy.structs.S.doc = "Another one.";
      copy.structs.S.fields.x.doc = "another one";
      copy.enums.E.values.a = "another one";
    });
    expect(other).toBe(versionOf(schema));
  });
});
