import { rm } from "node:fs/promises";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileErrorReason, makeDirectory, writeFileAtomic } from "../../util/atomic-write.js";
import { UserError } from "../../util/errors.js";
import { imagePixels } from "../../util/image-size.js";
import { catalog, filesOf } from "../catalog.js";
import type { DownloadProgress } from "../download.js";
import { encodeIdx, parseIdx } from "../idx.js";
import { findInCache } from "../locate.js";
import type { Split } from "../split.js";
import { checkFiles } from "../verify.js";
import { generateDigit } from "./generate.js";

/** The set is one fixed set, like MNIST, whatever the seed of a run. */
const seed = 0;
/** Fewer digits than these are made afresh in less time than the whole set takes to read. */
const fewDigits = 4_000;
/** Digits between two looks at the clock, the signal and everybody else's work. */
const digitsPerTurn = 500;

export interface SyntheticOptions {
  limitTrain?: number;
  limitTest?: number;
  signal?: AbortSignal;
  onProgress?(progress: DownloadProgress): void;
  onNotice?(message: string): void;
}

/**
 * The synthetic digits: read from the cache, where they lie as IDX files like any dataset, else generated and put there.
 * @returns at least as many digits as the limits ask for
 * @throws the signal's reason where it is aborted
 */
export async function obtainSynthetic(options: SyntheticOptions): Promise<{ train: Split; test: Split; source: string }> {
  const { trainImages, testImages } = catalog.synthetic.files;
  const trainDigits = trainImages.dimensions[0];
  const testDigits = testImages.dimensions[0];
  const train = Math.min(options.limitTrain ?? trainDigits, trainDigits);
  const test = Math.min(options.limitTest ?? testDigits, testDigits);
  if (train + test <= fewDigits) return { ...(await generate(train, test, options)), source: "generated" };
  const cached = await readCache();
  if (cached) return cached;
  const generated = await generate(trainDigits, testDigits, options);
  const source = await writeCache(generated, options);
  return { ...generated, source };
}

/**
 * @param train @param test how many digits of each split
 * @throws the signal's reason where it is aborted
 */
export async function generate(train: number, test: number, options: SyntheticOptions): Promise<{ train: Split; test: Split }> {
  const total = train + test;
  let done = 0;
  const split = async (number: 0 | 1, n: number): Promise<Split> => {
    const images = new Uint8Array(n * imagePixels);
    const labels = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      labels[i] = generateDigit(seed, number, i, images.subarray(i * imagePixels, (i + 1) * imagePixels));
      if (++done % digitsPerTurn === 0 || done === total) {
        options.onProgress?.({ file: "synthetic digits", received: done, total, unit: "digits" });
        await nextTurn();
        options.signal?.throwIfAborted();
      }
    }
    return { images, labels };
  };
  return { train: await split(0, train), test: await split(1, test) };
}

async function readCache(): Promise<{ train: Split; test: Split; source: string } | undefined> {
  const location = findInCache("synthetic");
  if (location.files.size < filesOf(catalog.synthetic).length) return undefined;
  const checks = await checkFiles(catalog.synthetic, location).catch(() => []);
  // Made by another version, or damaged: made again.
  if (checks.length === 0 || checks.some(({ problem }) => problem)) return undefined;
  const [trainImages, trainLabels, testImages, testLabels] = checks.map(
    ({ bytes, path, file }) => parseIdx(bytes, path, { dimensions: file.dimensions }).data,
  );
  return {
    train: { images: trainImages, labels: trainLabels },
    test: { images: testImages, labels: testLabels },
    source: location.directory,
  };
}

/** A cache that cannot be written costs a few seconds next time, no more. @returns where the digits are, for people */
async function writeCache({ train, test }: { train: Split; test: Split }, options: SyntheticOptions): Promise<string> {
  const { directory } = findInCache("synthetic");
  const contents = [train.images, train.labels, test.images, test.labels];
  try {
    await makeDirectory(directory);
    const write = async (data: Uint8Array, i: number) => {
      const file = filesOf(catalog.synthetic)[i];
      const final = path.join(directory, file.name);
      await writeFileAtomic(final, encodeIdx(file.dimensions, data));
      // Of a version that kept files compressed.
      await rm(`${final}.gz`, { force: true });
    };
    await Promise.all(contents.map(write));
    return directory;
  } catch (error) {
    const reason = error instanceof UserError ? error.message : `Cannot write ${directory}: ${fileErrorReason(error) ?? String(error)}.`;
    options.onNotice?.(`The synthetic digits could not be kept for the next time: ${reason}`);
    return "generated";
  }
}
