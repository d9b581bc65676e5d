import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { catalog } from "../../dist/data/catalog.js";
import { inspectDataset, loadDataset } from "../../dist/data/datasets.js";
import { names, realData } from "./real.js";

let scratch: string;
let notices: string[];
const onNotice = (message: string) => notices.push(message);

beforeEach(() => {
  scratch = mkdtempSync(path.join(tmpdir(), "mnist-tui-test-"));
  notices = [];
  vi.stubEnv("MNIST_TUI_CACHE", path.join(scratch, "cache"));
  vi.stubEnv("MNIST_TUI_DATA", "");
  // No server listens there: no test leaves this machine.
  vi.stubEnv("MNIST_TUI_MIRROR", "http://127.0.0.1:3/");
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true });
});

/** Does the work as another user where the tests run as root: root may read everything. */
async function withoutRoot<T>(work: () => Promise<T>): Promise<T> {
  const root = process.geteuid!() === 0;
  if (root) process.seteuid!(65534);
  try {
    return await work();
  } finally {
    if (root) process.seteuid!(0);
  }
}

function folder(...parts: string[]): string {
  const created = path.join(scratch, ...parts);
  mkdirSync(created, { recursive: true });
  return created;
}

describe("a dataset that is not available", () => {
  const few = { limitTrain: 20, limitTest: 10, onNotice };

  it("is an error where the user asked for it by name", async () => {
    await expect(loadDataset("mnist", { ...few, explicit: true })).rejects.toThrow(/MNIST could not be downloaded.*connection refused/);
    await expect(loadDataset("fashion-mnist", { ...few, explicit: true })).rejects.toThrow(/Fashion-MNIST could not be downloaded/);
  });

  it("is replaced by synthetic digits, with a notice, where the user named no dataset", async () => {
    const dataset = await loadDataset("mnist", { ...few, explicit: false });
    expect(dataset.name).toBe("synthetic");
    expect(dataset.train.labels).toHaveLength(20);
    expect(notices).toEqual([expect.stringMatching(/^Using synthetic digits, because MNIST is not available: .*connection refused/)]);
  });

  it("is looked for elsewhere where the data directory lacks it, with a notice", async () => {
    await expect(loadDataset("mnist", { ...few, explicit: true, dataDir: folder("empty") })).rejects.toThrow(/could not be downloaded/);
    expect(notices[0]).toMatch(
      /MNIST is not in .*empty \(--data-dir\), where train-images-idx3-ubyte.*folders mnist, MNIST\/raw, MNIST and raw; /,
    );
  });

  const loop = () => {
    const link = path.join(scratch, "loop");
    symlinkSync(link, link);
    return link;
  };
  const file = () => {
    writeFileSync(path.join(scratch, "file"), "");
    return path.join(scratch, "file");
  };
  it.each([
    ["an absent folder", () => path.join(scratch, "missing"), "no such file or folder"],
    ["a file", file, "it is a file"],
    ["a folder below a file", () => path.join(file(), "data"), "a part of the path is a file, not a folder"],
    ["a link that leads to itself", loop, "its symbolic links lead in a circle"],
  ])("is an error with --data-dir naming %s, and only a notice with MNIST_TUI_DATA", async (_, make, reason) => {
    const dataDir = make();
    const expected = `expected a folder, got ${dataDir} (${reason}); name a folder that holds the dataset, or leave it out.`;
    const load = loadDataset("mnist", { ...few, explicit: false, dataDir });
    await expect(load).rejects.toMatchObject({ message: `--data-dir: ${expected}`, exitCode: 2 });
    vi.stubEnv("MNIST_TUI_DATA", dataDir);
    expect((await loadDataset("mnist", { ...few, explicit: false })).name).toBe("synthetic");
    expect(notices[0]).toBe(`MNIST_TUI_DATA: ${expected} MNIST is looked for in the cache and on the network.`);
  });

  it.skipIf(process.platform === "win32")("is an error where permissions hide --data-dir, a folder or a file in it", async () => {
    const dataDir = folder("data");
    const mnist = folder("data", "mnist");
    const images = path.join(mnist, names[0]);
    writeFileSync(images, "");
    chmodSync(scratch, 0o755);
    const refused = async (place: string) => {
      chmodSync(place, 0);
      try {
        return await withoutRoot(() => loadDataset("mnist", { ...few, explicit: false, dataDir })).catch((error) => error);
      } finally {
        chmodSync(place, 0o755);
      }
    };
    expect(await refused(dataDir)).toMatchObject({
      message: expect.stringMatching(/^--data-dir: expected a folder, got .*data \(permission denied\)/),
      exitCode: 2,
    });
    for (const place of [mnist, images])
      expect(await refused(place)).toMatchObject({
        message: expect.stringMatching(/mnist\/train-images-idx3-ubyte: expected a readable file, got permission denied; put the original/),
        exitCode: 1,
      });
  });

  it("is reported as absent", async () => {
    expect(await inspectDataset("mnist", {})).toEqual({ dataset: "mnist", checks: [], verified: false });
  });

  it.skipIf(process.platform === "win32")("is refused where a pipe is in a file's place, without waiting for a writer", async () => {
    execFileSync("mkfifo", [path.join(folder("data", "mnist"), names[0])]);
    const load = loadDataset("mnist", { ...few, explicit: false, dataDir: path.join(scratch, "data") });
    await expect(load).rejects.toThrow(/mnist.train-images-idx3-ubyte: expected a readable file, got a folder, pipe or device/);
  });

  it("is an error, not synthetic digits, where a file of the data directory is wrong", async () => {
    writeFileSync(path.join(folder("data", "mnist"), names[0]), "not it");
    const load = loadDataset("mnist", { ...few, explicit: false, dataDir: path.join(scratch, "data") });
    await expect(load).rejects.toThrow(
      new RegExp(`mnist.${names[0]}: expected SHA-256 ba891046[0-9a-f]+ of the decompressed content, found [0-9a-f]{64} \\(6 of 47040016`),
    );
  });
});

describe.skipIf(!realData)("the real datasets", () => {
  const source = (dataset: string, name: string) => path.resolve(realData!, dataset, `${name}.gz`);
  /** Puts the files into a folder, gzipped as they are. */
  const link = (dataset: string, directory: string, files: readonly string[] = names) => {
    for (const name of files) symlinkSync(source(dataset, name), path.join(directory, `${name}.gz`));
  };

  it("are loaded whole and checked", async () => {
    for (const [name, mean] of [
      ["mnist", 0.1307],
      ["fashion-mnist", 0.286],
    ] as const) {
      const { train, test, normalization, classNames, digest } = await loadDataset(name, { explicit: true, dataDir: realData });
      expect([train.images.length, train.labels.length, test.images.length, test.labels.length]).toEqual([
        47_040_000, 60_000, 7_840_000, 10_000,
      ]);
      const average = train.images.reduce((sum, value) => sum + value, 0) / train.images.length / 255;
      expect(average).toBeCloseTo(mean, 3);
      expect(normalization.mean).toBe(mean);
      expect(classNames).toHaveLength(10);
      expect(digest).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it("begin with the labels 5, 0, 4, 1, 9 and 7, 2, 1, 0, 4", async () => {
    const { train, test } = await loadDataset("mnist", { explicit: true, dataDir: realData, limitTrain: 5, limitTest: 5 });
    expect([...train.labels]).toEqual([5, 0, 4, 1, 9]);
    expect([...test.labels]).toEqual([7, 2, 1, 0, 4]);
    expect(train.images).toHaveLength(5 * 784);
    expect(train.images.buffer.byteLength).toBe(5 * 784);
  });

  it("are found in MNIST_TUI_DATA, which --data-dir overrules", async () => {
    vi.stubEnv("MNIST_TUI_DATA", realData!);
    expect((await loadDataset("mnist", { explicit: true })).source).toBe(path.resolve(realData!, "mnist"));
    await expect(loadDataset("mnist", { explicit: true, dataDir: folder("empty") })).rejects.toThrow(/could not be downloaded/);
  });

  it("are found in torchvision's layout, whichever of its folders --data-dir names, and in the files' own folder", async () => {
    link("mnist", folder("torch", "MNIST", "raw"));
    link("fashion-mnist", folder("torch", "FashionMNIST", "raw"));
    link("mnist", folder("flat", "MNIST"));
    for (const [name, place, where] of [
      ["mnist", "torch", "torch/MNIST/raw"],
      ["mnist", "torch/MNIST", "torch/MNIST/raw"],
      ["mnist", "torch/MNIST/raw", "torch/MNIST/raw"],
      ["fashion-mnist", "torch", "torch/FashionMNIST/raw"],
      ["fashion-mnist", "torch/FashionMNIST", "torch/FashionMNIST/raw"],
      ["fashion-mnist", "torch/FashionMNIST/raw", "torch/FashionMNIST/raw"],
      ["mnist", "flat", "flat/MNIST"],
      ["mnist", "flat/MNIST", "flat/MNIST"],
    ] as const) {
      const report = await inspectDataset(name, { dataDir: path.join(scratch, place) });
      expect([report.verified, report.location?.directory]).toEqual([true, path.join(scratch, ...where.split("/"))]);
    }
  });

  it("are found in folders named like the files, as some archives unpack", async () => {
    const unpacked = folder("unpacked");
    names.forEach((name, i) => {
      const content = gunzipSync(readFileSync(source("mnist", name)));
      const inside = folder("unpacked", name);
      // The first two lie beside their folders, the others only in them.
      writeFileSync(i < 2 ? path.join(unpacked, name.replace("-idx", ".idx")) : path.join(inside, name), content);
    });
    const { train, test } = await loadDataset("mnist", { explicit: true, dataDir: unpacked, limitTrain: 3, limitTest: 3, onNotice });
    expect([...train.labels, ...test.labels]).toEqual([5, 0, 4, 7, 2, 1]);
    expect(notices).toEqual([]);
  });

  it("are read from the whole .gz beside a half-extracted file, with a notice", async () => {
    const raw = folder("torch", "MNIST", "raw");
    link("mnist", raw);
    const half = path.join(raw, names[0]);
    writeFileSync(half, gunzipSync(readFileSync(source("mnist", names[0]))).subarray(0, 20_000_000));
    const dataDir = path.join(scratch, "torch");
    const { train } = await loadDataset("mnist", { explicit: true, dataDir, limitTrain: 3, onNotice });
    expect([...train.labels]).toEqual([5, 0, 4]);
    expect(notices).toEqual([expect.stringMatching(/^(.*): expected SHA-256 .*\(20000000 of 47040016 bytes\); using \1\.gz\.$/)]);
    expect(notices[0].startsWith(half)).toBe(true);
    expect((await inspectDataset("mnist", { dataDir })).verified).toBe(true);
  });

  it("are read from the folder whose files are right, with a notice", async () => {
    link("mnist", folder("data", "mnist"), names.slice(0, 3));
    link("mnist", folder("data", "MNIST", "raw"));
    const dataset = await loadDataset("mnist", { explicit: true, dataDir: path.join(scratch, "data"), onNotice });
    expect(dataset.source).toBe(path.join(scratch, "data", "MNIST", "raw"));
    expect(notices).toEqual([
      expect.stringMatching(new RegExp(`mnist.${names[3]}.gz: expected this file, found none; using the files in `)),
    ]);
  });

  it("are refused where all forms of a file are wrong, with every one of them named", async () => {
    const mnist = folder("data", "mnist");
    link("mnist", mnist, names.slice(0, 3));
    for (const ending of ["", ".gz"]) writeFileSync(path.join(mnist, `${names[3]}${ending}`), "damaged");
    await expect(loadDataset("mnist", { explicit: true, dataDir: path.join(scratch, "data"), onNotice })).rejects.toThrow(
      new RegExp(`mnist.${names[3]}: expected SHA-256 .*; the content of ${names[3]}.gz is wrong too; put the original`),
    );
    expect(notices).toEqual([]);
  });

  it("are read without gzip, and under the names with a dot", async () => {
    const plain = folder("plain", "mnist");
    names.forEach((name, i) => {
      writeFileSync(path.join(plain, i % 2 ? name : name.replace("-idx", ".idx")), gunzipSync(readFileSync(source("mnist", name))));
    });
    expect((await loadDataset("mnist", { explicit: true, dataDir: path.join(scratch, "plain") })).train.labels[0]).toBe(5);
  });

  it("are told apart: a folder with the files of one is not taken for the other", async () => {
    link("fashion-mnist", folder("flat"));
    const dataDir = path.join(scratch, "flat");
    const load = loadDataset("mnist", { explicit: false, dataDir, limitTrain: 10, limitTest: 10, onNotice });
    expect((await load).name).toBe("synthetic");
    expect(notices[0]).toMatch(/flat holds another dataset than MNIST/);
    expect((await inspectDataset("mnist", { dataDir })).location).toBeUndefined();
    expect((await inspectDataset("fashion-mnist", { dataDir })).verified).toBe(true);
  });

  it("are refused with the name of the file that is missing, truncated or of another dataset", async () => {
    const dataDir = folder("data");
    const mnist = folder("data", "mnist");
    const load = () => loadDataset("mnist", { explicit: true, dataDir });
    link("mnist", mnist, names.slice(0, 3));
    await expect(load()).rejects.toThrow(new RegExp(`${names[3]}.gz: expected this file, found none`));
    const target = path.join(mnist, `${names[3]}.gz`);
    const whole = readFileSync(source("mnist", names[3]));
    writeFileSync(target, whole.subarray(0, 3000));
    await expect(load()).rejects.toThrow(
      new RegExp(`${names[3]}.gz: expected SHA-256 ff7bcfd4[0-9a-f]* .*found [0-9a-f]{64} \\(truncated gzip data, \\d+ of 10008 bytes\\)`),
    );
    copyFileSync(source("fashion-mnist", names[3]), target);
    await expect(load()).rejects.toThrow(/found 0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34/);
    expect((await inspectDataset("mnist", { dataDir })).checks.map(({ problem }) => problem !== undefined)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  describe("from a mirror", () => {
    let server: Server;
    let asked: string[];

    beforeAll(async () => {
      server = createServer((request, response) => {
        asked.push(request.url!);
        response.end(readFileSync(path.resolve(realData!, `.${request.url}`)));
      });
      await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    });
    beforeEach(() => {
      asked = [];
      vi.stubEnv("MNIST_TUI_MIRROR", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
    afterAll(() => {
      server.close();
    });

    it("are downloaded once, into the cache", async () => {
      const cache = path.join(scratch, "cache", "mnist");
      expect((await loadDataset("mnist", { explicit: false })).name).toBe("mnist");
      expect(asked).toEqual(names.map((name) => `/mnist/${name}.gz`));
      expect(readdirSync(cache).sort()).toEqual([...names].sort());
      expect((await loadDataset("mnist", { explicit: true })).source).toBe(cache);
      expect(asked).toHaveLength(4);
    });

    it("are downloaded to a temporary folder where the cache cannot be written, and the folder is removed", async () => {
      vi.stubEnv("TMPDIR", folder("temporary"));
      writeFileSync(path.join(scratch, "cache"), "a file where the folder should be");
      const { name, source, train } = await loadDataset("mnist", { explicit: false, limitTrain: 5, onNotice });
      expect([name, source, ...train.labels]).toEqual(["mnist", "downloaded", 5, 0, 4, 1, 9]);
      expect(notices).toEqual([
        expect.stringMatching(/^Expected a cache folder that can be written, .*\. MNIST is downloaded for this run only\.$/),
      ]);
      expect(readdirSync(path.join(scratch, "temporary"))).toEqual([]);
      await expect(loadDataset("mnist", { explicit: true, store: "required" })).rejects.toThrow(/set MNIST_TUI_CACHE to another folder/);
    });

    it("are downloaded anew where a cached file is wrong, that file alone", async () => {
      const cache = folder("cache", "mnist");
      link("mnist", cache, names.slice(0, 3));
      writeFileSync(path.join(cache, `${names[3]}.gz`), "damaged");
      const { test } = await loadDataset("mnist", { explicit: true, onNotice });
      expect([...test.labels.subarray(0, 3)]).toEqual([7, 2, 1]);
      expect(asked).toEqual([`/mnist/${names[3]}.gz`]);
      expect(notices).toEqual([expect.stringMatching(/expected SHA-256 ff7bcfd4.*found [0-9a-f]{64} .*; downloading it/)]);
      expect((await inspectDataset("mnist", {})).verified).toBe(true);
      expect(readdirSync(cache).sort()).toEqual([...names.slice(0, 3).map((name) => `${name}.gz`), names[3]].sort());
    });
  });
});

describe("the catalog", () => {
  it("knows a digest, a size and several mirrors for every file", () => {
    for (const { files, mirrors, name } of Object.values(catalog)) {
      for (const file of Object.values(files)) {
        expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(file.bytes).toBe(file.dimensions.reduce((product, size) => product * size, 1) + 4 + 4 * file.dimensions.length);
      }
      if (name !== "synthetic") expect(mirrors.length).toBeGreaterThan(2);
      for (const mirror of mirrors) expect(mirror).toMatch(/^https?:\/\/.*\/$/);
    }
  });
});
