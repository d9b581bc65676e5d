import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { shippedPresets } from "../../dist/config/files.js";
import { flagSource, resolveOptions } from "../../dist/config/resolve.js";
import { createRun, listRuns, newestRun, openRun, type RunRecord, removeRun, renameRun, updateRun } from "../../dist/run/directory.js";
import { UserError } from "../../dist/util/errors.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-run-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function record(run: string, created = "2025-01-02T03:04:05.678Z", model = "simple"): RunRecord {
  const { config } = resolveOptions({ flags: flagSource({ model: "simple" }) }, shippedPresets(), new Date());
  return {
    config: { ...config, run, models: [{ ...config.models[0], name: model }] },
    datasetDigest: "ab",
    versions: { node: "20" },
    device: "CPU",
    engine: "wasm",
    created,
  };
}

describe("run directory", () => {
  it("creates missing folders and gives back the record of the run", async () => {
    const checkpoints = join(dir, "deep", "checkpoints");
    const run = await createRun(checkpoints, record("first"));
    expect(run.dir).toBe(join(checkpoints, "first"));
    expect(run.model("simple")).toMatchObject({
      events: join(checkpoints, "first", "simple", "events.jsonl"),
      best: join(checkpoints, "first", "simple", "best"),
    });
    expect(await readdir(checkpoints)).toEqual(["first"]);
    expect((await openRun(checkpoints, "first")).record).toEqual(record("first"));
    expect(JSON.parse(await readFile(run.file, "utf8"))).toEqual(record("first"));
  });

  it("replaces the record of a run that goes on", async () => {
    const run = await createRun(dir, record("a"));
    const longer = record("a");
    longer.config.models[0].epochs = 9;
    await updateRun(run, longer);
    expect((await openRun(dir, "a")).record.config.models[0].epochs).toBe(9);
  });

  it("finds the newest run by creation, not by name, and leaves out folders that are no runs", async () => {
    await createRun(dir, record("z", "2025-01-01T00:00:00.000Z"));
    await createRun(dir, record("a", "2025-03-01T00:00:00.000Z"));
    await createRun(dir, record("m", "2025-02-01T00:00:00.000Z"));
    await mkdir(join(dir, "pretrained"));
    await mkdir(join(dir, "broken"));
    await writeFile(join(dir, "broken", "run.json"), "{");
    await writeFile(join(dir, "README.md"), "");
    expect((await listRuns(dir)).map(({ name }) => name)).toEqual(["a", "m", "z"]);
    expect((await newestRun(dir))?.name).toBe("a");
    await expect(openRun(dir, "broken")).rejects.toThrow(/run\.json is not JSON/);
  });

  it("finds no runs in a folder that does not exist", async () => {
    expect(await listRuns(join(dir, "nowhere"))).toEqual([]);
    expect(await newestRun(join(dir, "nowhere"))).toBeUndefined();
  });

  it("refuses a second run of the same name and leaves the first one as it is", async () => {
    await createRun(dir, record("a"));
    await writeFile(join(dir, "a", "kept"), "");
    await expect(createRun(dir, record("a", "2026-01-01T00:00:00.000Z"))).rejects.toThrow(/A run named a exists already in .*--run/);
    expect((await readdir(join(dir, "a"))).sort()).toEqual(["kept", "run.json"]);
    expect(await readdir(dir)).toEqual(["a"]);
  });

  it("gives a name to only one of two runs that are created at once", async () => {
    const results = await Promise.allSettled([createRun(dir, record("a")), createRun(join(dir, "."), record("a"))]);
    expect(results.filter(({ status }) => status === "fulfilled").length).toBe(1);
    expect((await readdir(dir)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it.each(["a/b", "..", ".", "", "a b", "ü", "x".repeat(65), "a\\b", "a\n"])(
    "refuses the run name %j as wrong usage, writing nothing",
    async (name) => {
      const failure = createRun(join(dir, "checkpoints"), record(name));
      await expect(failure).rejects.toThrow(/A run name has 1 to 64 of/);
      await expect(failure).rejects.toMatchObject({ exitCode: 2 });
      await expect(openRun(dir, name)).rejects.toMatchObject({ exitCode: 2 });
      expect(await readdir(dir)).toEqual([]);
    },
  );

  it("refuses a model name that is no folder name", async () => {
    await expect(createRun(dir, record("a", undefined, "../evil"))).rejects.toThrow(/A model name has/);
  });

  it("lists the existing runs in the error for a missing one", async () => {
    await createRun(dir, record("a"));
    await expect(openRun(dir, "b")).rejects.toThrow(/There is no run named b in .*; choose one of a\./);
    await expect(openRun(join(dir, "none"), "b")).rejects.toThrow(/it holds no runs/);
  });

  it("lists runs with names like those of temporary folders, and runs that are linked", async () => {
    await createRun(join(dir, "a"), record(".x.new"));
    await createRun(join(dir, "b"), record("elsewhere"));
    await symlink(join(dir, "b", "elsewhere"), join(dir, "a", "linked"));
    await symlink(join(dir, "nothing"), join(dir, "a", "dangling"));
    expect((await listRuns(join(dir, "a"))).map(({ name }) => name).sort()).toEqual([".x.new", "linked"]);
  });

  it("fails with one sentence where a run cannot be created, and leaves nothing behind", async () => {
    await writeFile(join(dir, "file"), "");
    const failure = createRun(join(dir, "file", "checkpoints"), record("a"));
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(
      /^Cannot create a run in .*checkpoints: .*; make it writable or choose another folder with --checkpoint-dir\.$/,
    );
    expect(await readdir(dir)).toEqual(["file"]);
  });

  it("lists a run that is moved by hand under its folder's name", async () => {
    await createRun(dir, record("a"));
    await rename(join(dir, "a"), join(dir, "b"));
    expect((await openRun(dir, "b")).record.config.run).toBe("b");
    expect((await listRuns(dir)).map(({ name, record: { config } }) => [name, config.run])).toEqual([["b", "b"]]);
  });

  it("removes a run with all that lies in it, and lists none whose removal was cut off", async () => {
    const run = await createRun(dir, record("a"));
    await mkdir(join(run.dir, "simple", "last"), { recursive: true });
    await writeFile(join(run.dir, "simple", "last", "model.json"), "{}");
    await createRun(dir, record("b"));
    await removeRun(dir, run);
    expect(await readdir(dir)).toEqual(["b"]);
    await rename(join(dir, "b"), join(dir, ".b.123.0.old"));
    expect(await listRuns(dir)).toEqual([]);
  });

  it("renames a run in its record and its log, whose torn and damaged lines stay as they are", async () => {
    const run = await createRun(dir, record("a"));
    const { dir: model, events } = run.model("simple");
    await mkdir(model);
    await writeFile(events, '{"type":"start","run":"a","loss":null}\nx\n{"type":"do');
    const renamed = await renameRun(dir, run, "b");
    expect(renamed).toMatchObject({ name: "b", dir: join(dir, "b"), record: { config: { run: "b" } } });
    expect(await readdir(dir)).toEqual(["b"]);
    expect(JSON.parse(await readFile(renamed.file, "utf8"))).toEqual(record("b"));
    expect(await readFile(renamed.model("simple").events, "utf8")).toBe('{"type":"start","run":"b","loss":null}\nx\n{"type":"do');
    expect((await readdir(renamed.model("simple").dir)).sort()).toEqual(["events.jsonl"]);
  });

  it("renames no run to a name that is taken or no folder's", async () => {
    const run = await createRun(dir, record("a"));
    await createRun(dir, record("b"));
    await expect(renameRun(dir, run, "b")).rejects.toThrow(/A run named b exists already/);
    await expect(renameRun(dir, run, "../c")).rejects.toMatchObject({ exitCode: 2 });
    expect((await readdir(dir)).sort()).toEqual(["a", "b"]);
  });
});
