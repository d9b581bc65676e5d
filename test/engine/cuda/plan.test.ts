import { describe, expect, it } from "vitest";
import { type KernelCall, kernels } from "../../../dist/engine/cuda/kernels.js";
import { bufferLength, type View } from "../../../dist/engine/cuda/memory.js";
import { checkMemory, planSession } from "../../../dist/engine/cuda/plan.js";
import { chooseTiling, tiles } from "../../../dist/engine/cuda/tiles.js";
import { buildModel, presetNames } from "../../../dist/model/presets.js";
import { normalization } from "../support/images.js";
import { adam } from "../support/sessions.js";

const multiprocessors = 132;
const options = (preset: string, batchSize: number) => ({
  model: buildModel(preset),
  optimizer: adam,
  seed: 1,
  batchSize,
  normalization,
  threads: 1,
});

/** The arguments of a launch on which its grid depends. */
interface Numbers {
  pixels: number;
  quads: number;
  count: number;
  images: number;
  length: number;
  bias: number;
  rows: number;
  channels: number;
  g: { inputs: number; outputs: number; kernel: number; stride: number; outputPixels: number };
  a: { images: number; windowsDown: number; windowsAcross: number; quads: number };
}

/** @returns the grid of blocks that the launch needs, computed from its arguments alone */
function expectedGrid({ kernel, args, grid }: KernelCall): number[] {
  const { pixels, quads, count, images, length, bias, channels, g, a } = args as unknown as Numbers;
  const [kind, tile] = kernel.split("_") as [string, keyof typeof tiles];
  const blocks = (threads: number) => [Math.ceil(threads / kernels[kernel].threads), 1, 1];
  const tiled = (rows: number, columns: number, z: number) => [
    ...[Math.ceil(rows / tiles[tile].rows), Math.ceil(columns / tiles[tile].columns)],
    z,
  ];
  const weights = g?.kernel ** 2 * g?.inputs;
  switch (kind) {
    case "gather":
      return [(args.out as View).length / (g.outputPixels * 4 * (g as unknown as { quads: number }).quads), 1, 1];
    case "forward":
      return tiled(pixels, g.outputs, Math.ceil(weights / length));
    case "inputGradient":
      return tiled(pixels, g.inputs, g.stride ** 2);
    case "weightGradient":
      return tiled(weights + 4 * bias, g.outputs, Math.ceil(pixels / length));
    case "combine":
      return blocks(quads);
    case "activate":
    case "activateBack":
      return blocks(a.images * a.windowsDown * a.windowsAcross * a.quads);
    case "statistics":
      return [grid[0], Math.ceil(quads / 64), 1];
    case "activateSums":
      return [grid[0], Math.ceil(a.quads / 64), 1];
    case "loss":
      return [1, 1, 1];
    case "answer":
      return blocks(images);
    case "runningTable":
      return blocks(channels);
    case "update":
      return [...grid];
    default:
      return blocks(count);
  }
}

function views(step: KernelCall): View[] {
  return Object.entries<unknown>(kernels[step.kernel].parameters).flatMap(([name, type]) =>
    type === "pointer" && step.args[name] !== null ? [step.args[name] as View] : [],
  );
}

/** @returns all arguments that are numbers or flags, members of structs too */
function numbers({ kernel, args }: KernelCall): [string, unknown][] {
  return Object.entries<unknown>(kernels[kernel].parameters).flatMap(([name, type]): [string, unknown][] => {
    if (type === "pointer" || type === "Optimizer") return [];
    const value = args[name];
    return typeof value === "object" ? Object.entries(value as object) : [[name, value]];
  });
}

/** Launches of a training step at batch 512 on a GPU of 132 multiprocessors; each costs some 2 µs. */
const launches: Record<string, number> = { simple: 19, compact: 22, vgg: 27, pyramid: 31, deep: 39, residual: 64 };

describe.each(presetNames)("launches of %s", (preset) => {
  it.each([60_000, 512, 32])(
    "at batch %i: grids cover the work, arguments lie in their buffers and are those of the table",
    (batchSize) => {
      const plan = planSession(options(preset, batchSize), multiprocessors);
      const smaller = Math.ceil(batchSize * 0.19);
      const { training, inference, update } = plan;
      for (const images of [batchSize, smaller]) {
        const { calls, gradients } = training.batch(images);
        calls.push(update.updateCall(update.segmentBuffer(gradients)), ...inference.once);
        calls.push(...inference.batch(Math.min(images, plan.inferenceImages)).calls);
        for (const call of calls) {
          expect(call.grid, `${call.label}, ${call.kernel}`).toEqual(expectedGrid(call));
          const [x, y, z] = call.grid;
          expect(x, call.label).toBeLessThan(2 ** 31);
          expect(Math.max(y, z), call.label).toBeLessThanOrEqual(65_535);
          expect(Object.keys(call.args).sort(), call.kernel).toEqual(Object.keys(kernels[call.kernel].parameters).sort());
          for (const [name, number] of numbers(call)) expect(Number.isFinite(Number(number)), `${call.label}: ${name}`).toBe(true);
          for (const { buffer, first, length } of views(call)) {
            expect(first % 4, `${call.label}: ${buffer.name} is read four floats at a time`).toBe(0);
            expect(length, `${call.label}: ${buffer.name}`).toBeGreaterThan(0);
            expect(first + length, `${call.label}: ${buffer.name}`).toBeLessThanOrEqual(bufferLength(buffer));
          }
        }
      }
    },
  );

  it("are no more than listed above", () => {
    const { training } = planSession(options(preset, 512), multiprocessors);
    expect(training.batch(512).calls.length + 1).toBe(launches[preset]);
  });

  it("give every parameter its gradient, once", () => {
    const { training, store, update } = planSession(options(preset, 32), multiprocessors);
    const { gradients } = training.batch(32);
    const names = gradients.flatMap(({ group }) => store.pieces(group).map(({ name }) => name));
    const trainable = options(preset, 32).model.parameters.filter((p) => p.trainable);
    expect(names.sort()).toEqual(trainable.map(({ name }) => name).sort());
    const words = new Uint32Array(update.blockTableBytes().data.buffer);
    const covered = new Set<number>();
    for (let i = 0; i < words.length; i += 3) {
      const { first } = gradients[words[i]].group;
      for (let k = words[i + 1]; k < words[i + 2]; k++) covered.add(first + k);
    }
    expect(covered.size).toBe(gradients.reduce((sum, { group }) => sum + group.count, 0));
  });
});

describe("a tiling", () => {
  it("has parts that cover the depth, none of them empty", () => {
    for (const depth of [1, 12, 63, 64, 65, 144, 1000, 1568, 100_352, 401_408]) {
      for (const mostParts of [1, 3, 64, 1024]) {
        const { parts, length } = chooseTiling({ rows: 16, columns: 32, depth, mostParts }, multiprocessors);
        expect(parts).toBeLessThanOrEqual(mostParts);
        expect(parts * length).toBeGreaterThanOrEqual(depth);
        expect((parts - 1) * length).toBeLessThan(depth);
      }
    }
  });

  it("spreads a deep product with a small result over the GPU", () => {
    const { parts } = chooseTiling({ rows: 16, columns: 16, depth: 401_408, mostParts: 1024 }, multiprocessors);
    expect(parts).toBeGreaterThanOrEqual(multiprocessors);
  });
});

describe("memory", () => {
  const gpu = (freeBytes: number) => ({ name: "GPU", multiprocessors, freeBytes });

  it("that does not suffice is reported with the largest batch that would fit", () => {
    const wanted = options("simple", 512);
    const plan = planSession(wanted, multiprocessors);
    const free = Math.floor(plan.buffers.bytes() / 2);
    expect(() => checkMemory(plan, wanted, gpu(plan.buffers.bytes()))).not.toThrow();
    let message = "";
    try {
      checkMemory(plan, wanted, gpu(free));
    } catch (error) {
      message = (error as Error).message;
    }
    const [, largest] = /^Training at batch 512 wants \d+ MB on GPU, but \d+ MB are free; use --batch-size (\d+) or a smaller one\.$/.exec(
      message,
    )!;
    const fits = (batchSize: number) => planSession(options("simple", batchSize), multiprocessors).buffers.bytes() <= free;
    expect(fits(Number(largest))).toBe(true);
    expect(fits(Number(largest) + 1)).toBe(false);
  });

  it("that suffices for no batch at all is reported as such", () => {
    const wanted = options("simple", 512);
    expect(() => checkMemory(planSession(wanted, multiprocessors), wanted, gpu(1000))).toThrow(
      /choose a smaller model or another --engine\.$/,
    );
  });
});
