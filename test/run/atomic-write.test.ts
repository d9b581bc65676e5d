import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exists, makeDirectory, replaceDirectory, settledDirectory, writeFileAtomic, writeRemedy } from "../../dist/util/atomic-write.js";
import { UserError } from "../../dist/util/errors.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "mnist-tui-atomic-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const fill = (text: string) => (folder: string) => writeFile(join(folder, "content"), text);
const content = async (folder: string) => readFile(join(await settledDirectory(folder), "content"), "utf8");

describe("writeFileAtomic", () => {
  it("writes a file, replaces it, and leaves no other file behind", async () => {
    await writeFileAtomic(join(dir, "a.json"), "1");
    await writeFileAtomic(join(dir, "a.json"), new Uint8Array([50, 51]));
    expect(await readFile(join(dir, "a.json"), "utf8")).toBe("23");
    expect(await readdir(dir)).toEqual(["a.json"]);
  });

  it("fails with one sentence where the file cannot be written", async () => {
    await writeFile(join(dir, "file"), "x");
    const failure = writeFileAtomic(join(dir, "file", "a.json"), "1");
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(/^Cannot write .*a\.json: a part of the path is a file, not a folder; .*\.$/);
  });

  it("leaves no temporary file where the rename fails", async () => {
    await mkdir(join(dir, "folder", "full"), { recursive: true });
    await expect(writeFileAtomic(join(dir, "folder"), "1")).rejects.toThrow(UserError);
    expect(await readdir(dir)).toEqual(["folder"]);
  });
});

describe("makeDirectory", () => {
  it("creates missing folders, also when called several times at once", async () => {
    const path = join(dir, "a", "b", "c");
    await Promise.all([makeDirectory(path), makeDirectory(path), makeDirectory(join(dir, "a", "b", "d"))]);
    expect((await readdir(join(dir, "a", "b"))).sort()).toEqual(["c", "d"]);
    await makeDirectory(path);
  });

  it("fails where a file is in the way", async () => {
    await writeFile(join(dir, "file"), "");
    await expect(makeDirectory(join(dir, "file"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(makeDirectory(join(dir, "file", "a"))).rejects.toThrow();
  });

  it.skipIf(process.platform !== "linux")("fails where the file system takes no folders, instead of trying forever", async () => {
    await expect(makeDirectory("/proc/mnist-tui/a")).rejects.toThrow();
  });
});

describe("writeRemedy", () => {
  it("advises to make room where the disk is full", () => {
    const failure = (code: string) => Object.assign(new Error(), { code });
    expect(["ENOSPC", "EDQUOT", "EACCES"].map((code) => writeRemedy(failure(code)))).toEqual([
      "make room there",
      "make room there",
      "make it writable",
    ]);
  });
});

describe("replaceDirectory", () => {
  it("creates missing parents, replaces the whole content and leaves no other folder behind", async () => {
    const path = join(dir, "run", "model", "best");
    await replaceDirectory(path, async (folder) => {
      await mkdir(join(folder, "deep"));
      await writeFile(join(folder, "deep", "gone"), "");
    });
    await replaceDirectory(path, fill("second"));
    expect(await readdir(path)).toEqual(["content"]);
    expect(await readdir(join(dir, "run", "model"))).toEqual(["best"]);
  });

  it("keeps the old content where writing the new one fails", async () => {
    const path = join(dir, "best");
    await replaceDirectory(path, fill("first"));
    await expect(
      replaceDirectory(path, async (folder) => {
        await fill("second")(folder);
        throw new Error("out of paper");
      }),
    ).rejects.toThrow("out of paper");
    expect(await content(path)).toBe("first");
    expect(await readdir(dir)).toEqual(["best"]);
  });

  // The states that a crash can leave: the new copy half-written, or the old one set aside and the new one not yet in place.
  it("survives a crash before the first rename", async () => {
    const path = join(dir, "best");
    await replaceDirectory(path, fill("first"));
    await mkdir(join(dir, ".best.new"));
    await writeFile(join(dir, ".best.new", "content"), "sec");
    expect(await content(path)).toBe("first");
    await replaceDirectory(path, fill("third"));
    expect(await content(path)).toBe("third");
    expect(await readdir(dir)).toEqual(["best"]);
  });

  it("survives a crash between the two renames", async () => {
    const path = join(dir, "best");
    await replaceDirectory(path, fill("first"));
    await rename(path, join(dir, ".best.old"));
    expect(await exists(path)).toBe(false);
    expect(await content(path)).toBe("first");
    const failing = replaceDirectory(path, () => Promise.reject(new Error("again")));
    await expect(failing).rejects.toThrow("again");
    expect(await readFile(join(path, "content"), "utf8")).toBe("first");
    await replaceDirectory(path, fill("second"));
    expect(await content(path)).toBe("second");
    expect(await readdir(dir)).toEqual(["best"]);
  });
});
