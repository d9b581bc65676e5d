import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from "../../dist/run/checkpoint.js";
import { decodeSafetensors } from "../../dist/run/safetensors.js";
import { UserError } from "../../dist/util/errors.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-checkpoint-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function checkpoint(step: number): Checkpoint {
  const values = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i + step)));
  return {
    state: {
      step,
      tensors: new Map([
        ["conv1.weight", { shape: [2, 1, 3, 3], data: values(18) }],
        ["bn1.weight", { shape: [2], data: values(2) }],
        ["bn1.running_mean", { shape: [2], data: values(2) }],
        ["bn1.running_var", { shape: [2], data: values(2) }],
        ["exp_avg/conv1.weight", { shape: [2, 1, 3, 3], data: values(18) }],
      ]),
    },
    info: {
      model: "simple-2",
      preset: "simple",
      dataset: "mnist",
      classNames: [..."0123456789"],
      normalization: { mean: 0.1307, std: 0.3081 },
      epoch: 1.5,
      step,
      metrics: { testAccuracy: 0.98 },
      progress: { bestEpoch: 1, waited: [0, 1] },
    },
  };
}

describe("checkpoint", () => {
  it("gives back the saved state, optimizer and progress included", async () => {
    const saved = checkpoint(117);
    await saveCheckpoint(join(dir, "last"), saved, { optimizer: true });
    const { state, info } = await loadCheckpoint(join(dir, "last"));
    expect(info).toMatchObject(saved.info);
    expect(state.step).toBe(117);
    expect(Object.fromEntries(state.tensors)).toStrictEqual(Object.fromEntries(saved.state.tensors));
  });

  it("is saved without the optimizer on request, and never has it among the weights", async () => {
    await saveCheckpoint(join(dir, "best"), checkpoint(1), { optimizer: false });
    await saveCheckpoint(join(dir, "last"), checkpoint(1), { optimizer: true });
    expect((await readdir(join(dir, "best"))).sort()).toEqual(["model.json", "weights.safetensors"]);
    expect((await readdir(join(dir, "last"))).sort()).toEqual(["model.json", "optimizer.safetensors", "weights.safetensors"]);
    const weights = decodeSafetensors(await readFile(join(dir, "last", "weights.safetensors"))).tensors;
    expect([...weights.keys()].filter((name) => name.includes("/"))).toEqual([]);
  });

  it("has batch norm's num_batches_tracked, as PyTorch counts it", async () => {
    await saveCheckpoint(dir, checkpoint(117), { optimizer: false });
    const weights = decodeSafetensors(await readFile(join(dir, "weights.safetensors"))).tensors;
    expect(weights.get("bn1.num_batches_tracked")).toStrictEqual({ shape: [], data: BigInt64Array.of(117n) });
    expect((await loadCheckpoint(dir)).state.tensors.has("bn1.num_batches_tracked")).toBe(false);
  });

  it("with a changed weight is refused, with the file's name and both digests", async () => {
    await saveCheckpoint(join(dir, "best"), checkpoint(1), { optimizer: false });
    const path = join(dir, "best", "weights.safetensors");
    const bytes = await readFile(path);
    const expected = createHash("sha256").update(bytes).digest("hex");
    bytes[bytes.length - 1] ^= 1;
    await writeFile(path, bytes);
    const found = createHash("sha256").update(bytes).digest("hex");
    const failure = loadCheckpoint(join(dir, "best"));
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(`${path} is damaged: expected SHA-256 ${expected}, found ${found};`);
  });

  it.each([
    ["missing weights", "weights.safetensors", undefined, /There is no checkpoint file .*weights\.safetensors/],
    ["a missing description", "model.json", undefined, /There is no checkpoint file .*model\.json/],
    ["a torn description", "model.json", '{"format": 1, "pre', /model\.json is not JSON/],
    ["a later format", "model.json", '{"format": 2}', /has format 2, this program reads format 1/],
    ["a description of something else", "model.json", '{"format": 1, "preset": 7}', /not a checkpoint's description: preset:/],
  ])("is refused with an explanation: %s", async (_, name, content, message) => {
    await saveCheckpoint(join(dir, "best"), checkpoint(1), { optimizer: false });
    if (content === undefined) await rm(join(dir, "best", name));
    else await writeFile(join(dir, "best", name), content);
    const failure = loadCheckpoint(join(dir, "best"));
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(message);
  });

  it("is the old one after a crash between writing the new one and renaming it", async () => {
    await saveCheckpoint(join(dir, "best"), checkpoint(1), { optimizer: false });
    await saveCheckpoint(join(dir, "best2"), checkpoint(2), { optimizer: false });
    await rename(join(dir, "best"), join(dir, ".best.old"));
    await rename(join(dir, "best2"), join(dir, ".best.new"));
    expect((await loadCheckpoint(join(dir, "best"))).state.step).toBe(1);
  });

  it("is read whole while it is being replaced many times", async () => {
    const best = join(dir, "best");
    await saveCheckpoint(best, checkpoint(0), { optimizer: true });
    let writing = true;
    const writer = (async () => {
      for (let step = 1; step <= 40; step++) await saveCheckpoint(best, checkpoint(step), { optimizer: true });
    })().finally(() => {
      writing = false;
    });
    let seen = 0;
    while (writing) {
      const { state, info } = await loadCheckpoint(best);
      expect(info.step).toBe(state.step);
      expect(state.tensors.get("bn1.weight")).toStrictEqual(checkpoint(state.step).state.tensors.get("bn1.weight"));
      expect(state.step).toBeGreaterThanOrEqual(seen);
      seen = state.step;
    }
    await writer;
    expect((await loadCheckpoint(best)).state.step).toBe(40);
  });

  it("that cannot be written is an error of one sentence", async () => {
    await writeFile(join(dir, "file"), "");
    const failure = saveCheckpoint(join(dir, "file", "best"), checkpoint(1), { optimizer: false });
    await expect(failure).rejects.toThrow(/^Cannot write .*best: (a part of the path is a file|something of that name is in the way)/);
  });
});
