import { describe, expect, it } from "vitest";
import { encodeArguments } from "../../../dist/engine/cuda/arguments.js";
import { encode, kernelCall, kernels, multiplies, type ParameterType, parameterBytes } from "../../../dist/engine/cuda/kernels.js";
import { view } from "../../../dist/engine/cuda/memory.js";
import { cudaNeeded, ptxHeader, readPtx } from "../../../dist/engine/cuda/ptx.js";
import { divisor } from "../../../dist/engine/cuda/schema.js";

/** @returns parameters, threads and body of each kernel of a PTX text */
function entriesOf(ptx: string) {
  const entries = ptx.matchAll(/^\.visible \.entry (\w+)\(([^)]*)\)\s*((?:\.\w+ [^\n]*\n)*)([\s\S]*?)\n}\n/gm);
  return new Map(
    [...entries].map(([, name, parameters, directives, body]) => [
      name,
      {
        parameters: parameters.split(",").map((parameter) => /\.param ((?:\.align \d+ )?\.\w+) \w+(\[\d+\])?/.exec(parameter)!.slice(1)),
        threads: Number(/\.maxntid (\d+)/.exec(directives)?.[1]),
        body,
      },
    ]),
  );
}

/** The declaration in PTX of a parameter of the table. */
function declared(type: ParameterType): (string | undefined)[] {
  if (type === "pointer") return [".u64", undefined];
  if (["i32", "u32", "flag", "Optimizer"].includes(type)) return [".u32", undefined];
  if (type === "f32") return [".f32", undefined];
  return [".align 4 .b8", `[${parameterBytes(type)}]`];
}

const all = Object.entries(kernels);
const modules = [
  { name: "the kernels' PTX", tf32: false, table: all, runsOn: "any Volta", header: { version: [6, 0], target: 70 } },
  {
    ...{ name: "the PTX for --tf32", tf32: true, table: all.filter(([name]) => multiplies(name)) },
    ...{ runsOn: "any Ampere", header: { version: [7, 0], target: 80 } },
  },
];

describe.each(modules)("$name", ({ tf32, table, runsOn, header }) => {
  const ptx = readPtx(tf32);
  const entries = entriesOf(ptx);

  it(`runs on ${runsOn} and is read by every driver that has the functions of libcuda.ts`, () => {
    expect(ptxHeader(ptx)).toEqual(header);
    expect(cudaNeeded(ptxHeader(ptx))).toEqual([11, 4]);
  });

  it("has exactly the kernels of the table", () => {
    expect([...entries.keys()].sort()).toEqual(table.map(([name]) => name).sort());
  });

  it.each(table)("has %s with the table's parameters and threads", (name, { threads, parameters }) => {
    const entry = entries.get(name)!;
    expect(entry.parameters).toEqual(Object.values<ParameterType>(parameters).map(declared));
    expect(entry.threads).toBe(threads);
  });

  it("multiplies matrices on tensor cores only in the TF32 module", () => {
    const onTensorCores = [...entries].filter(([, { body }]) => body.includes("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"));
    expect(onTensorCores.map(([name]) => name)).toEqual(tf32 ? [...entries.keys()] : []);
  });

  it("asks for no more shared memory than every block has", () => {
    const bodies = ptx.split(/^\.visible \.entry /m).slice(1);
    const sizes = bodies.map((body) =>
      [...body.matchAll(/\.shared \.align \d+ \.b(\d+) \w+\[(\d+)\]/g)].reduce(
        (sum, [, bits, count]) => sum + (Number(bits) / 8) * Number(count),
        0,
      ),
    );
    expect(Math.max(...sizes)).toBeGreaterThan(0);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(48 * 1024);
  });
});

describe("a launch", () => {
  it("is encoded in the layout of its parameters in memory", () => {
    const x = { name: "x", type: "f32", shape: [8], at: 0x1000n } as const;
    const args = { parts: view(x, 2), bias: null, y: view(x), outputQuads: 3, quads: 4, count: 5, isRelu: true };
    const launch = encode(kernelCall("sum", "combine", [7], args), { kernel: (name) => ({ name }) });
    expect(launch).toMatchObject({ kernel: { name: "combine" }, grid: [7, 1, 1], block: [256, 1, 1] });
    const { bytes, offsets } = encodeArguments(launch.args);
    expect(offsets).toEqual([0, 8, 16, 24, 36, 40, 44]);
    const words = new DataView(bytes.buffer);
    expect(words.getBigUint64(0, true)).toBe(0x1008n);
    expect(words.getBigUint64(8, true)).toBe(0n);
    expect([0, 1, 2, 3, 4, 5].map((i) => words.getUint32(24 + 4 * i, true))).toEqual([...Object.values(divisor(3)), 4, 5, 1]);
  });
});

describe("division by multiplication", () => {
  it("is exact for every numerator that a kernel may have", () => {
    const divisors = [1, 2, 3, 4, 5, 6, 7, 9, 12, 14, 26, 28, 49, 56, 64, 100, 196, 392, 784, 1000, 4096, 65537, 2 ** 30, 2 ** 31 - 1];
    for (const d of divisors) {
      const { magic, shift } = divisor(d);
      const quotient = (n: number) => (magic === 0 ? n : Number((BigInt(n) * BigInt(magic)) >> 32n) >>> shift);
      const numerators = [
        0,
        1,
        d - 1,
        d,
        d + 1,
        2 * d - 1,
        2 ** 31 - 1,
        Math.floor((2 ** 31 - 1) / d) * d,
        Math.floor((2 ** 31 - 1) / d) * d - 1,
      ];
      for (const n of numerators.filter((n) => n >= 0 && n < 2 ** 31)) expect(quotient(n), `${n} / ${d}`).toBe(Math.floor(n / d));
      expect(magic).toBeLessThan(2 ** 32);
    }
  });
});
